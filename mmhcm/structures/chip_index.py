"""The chips of a whole data set, and the file that caches them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .array_file import have_layout, map_arrays, write_arrays

VERSION = 2
_LAYOUT: dict[str, tuple[str, tuple[int | str, ...]]] = {
    'image_inds': ('i8', ('m',)),
    'windows': ('f4', ('m', 4)),
    'scale_inds': ('i8', ('m',)),
    'num_excluded': ('i8', ()),
}


@dataclass(frozen=True)
class ChipIndex:
    """Chips in image order.

    Attributes:
        image_inds: int64 (m,), image of each chip.
        windows: float32 (m, 4) xyxy, source pixels.
        scale_inds: int64 (m,).
        num_excluded: int64 (), objects without area inside their image.
    """

    image_inds: np.ndarray
    windows: np.ndarray
    scale_inds: np.ndarray
    num_excluded: np.ndarray


def write_chip_index(
    path: str | Path, index: ChipIndex, fingerprint: str
) -> None:
    """Write a cache file whole or not at all."""
    arrays = {name: getattr(index, name) for name in _LAYOUT}
    write_arrays(path, f'chips {VERSION}', fingerprint, arrays)


def read_chip_index(path: str | Path, fingerprint: str) -> ChipIndex | None:
    """Map a cache file; None if it is absent, damaged or of other inputs.

    Raises:
        ArrayFileError: the file is something else.
    """
    arrays = map_arrays(path, f'chips {VERSION}', fingerprint)
    if arrays is None or not have_layout(arrays, _LAYOUT):
        return None
    return ChipIndex(**arrays)
