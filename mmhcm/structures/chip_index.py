"""The chips of a whole data set, and the file that caches them."""

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .files import atomic_write

VERSION = 1
_FIELDS = ('image_inds', 'windows', 'scale_inds', 'num_excluded')


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
    arrays = {name: getattr(index, name) for name in _FIELDS}
    with atomic_write(path) as file:
        np.savez(
            file, version=VERSION, fingerprint=np.array(fingerprint), **arrays
        )


def read_chip_index(path: str | Path, fingerprint: str) -> ChipIndex | None:
    """Read a cache file; None if it is absent, damaged or of other inputs."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            if int(arrays['version']) != VERSION:
                return None
            if str(arrays['fingerprint']) != fingerprint:
                return None
            return ChipIndex(**{name: arrays[name] for name in _FIELDS})
    except (OSError, KeyError, ValueError, zipfile.BadZipFile, EOFError):
        return None
