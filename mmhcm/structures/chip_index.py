"""The chips of a whole data set, and the file that caches them."""

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .files import atomic_write

VERSION = 1
_FIELDS = ('image_inds', 'windows', 'scale_inds', 'num_excluded')
#: What NumPy and zipfile raise for files that are cut or have wrong bytes.
_DAMAGES = (
    OSError,
    EOFError,
    KeyError,
    MemoryError,
    NotImplementedError,
    RuntimeError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
)


class ChipIndexError(ValueError):
    """A file under the name of a chip cache is something else."""


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
    """Read a cache file; None if it is absent, damaged or of other inputs.

    Raises:
        ChipIndexError: the file is a sound archive of something else.
    """
    try:
        arrays = _read_arrays(Path(path))
        if not {'version', 'fingerprint'} <= set(arrays):
            raise ChipIndexError(f'{path}: is no cache of chips; remove it')
        if int(arrays['version']) != VERSION:
            return None
        if str(arrays['fingerprint']) != fingerprint:
            return None
        index = ChipIndex(**{name: arrays[name] for name in _FIELDS})
    except ChipIndexError:
        raise
    except _DAMAGES:
        return None
    num_chips = len(index.image_inds)
    shapes = [getattr(index, name).shape for name in _FIELDS]
    if shapes != [(num_chips,), (num_chips, 4), (num_chips,), ()]:
        return None
    return index


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    with path.open('rb') as file:
        loaded = np.load(file, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return {}
        with loaded:
            return dict(loaded)
