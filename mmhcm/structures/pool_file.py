"""The two files of an object pool.

``pool.bin`` starts with the pool's fingerprint, 64 ASCII characters, followed
by the patches, uint8 BGR, row by row, without gaps. ``pool.npz`` is the index:
where each patch lies, what it shows and where it came from.
"""

import zipfile
from pathlib import Path

import numpy as np

from .files import atomic_write

VERSION = 1
PIXELS, INDEX = 'pool.bin', 'pool.npz'
_HEADER_BYTES = 64
_FIELDS = {
    *('version', 'fingerprint', 'offsets', 'shapes', 'bboxes', 'labels'),
    *('image_inds', 'image_names', 'source_bboxes', 'occlusions'),
    *('truncations', 'class_counts', 'class_log_sizes'),
}


class PoolError(ValueError):
    """An object pool cannot be built or used; the message names the file."""


class StalePoolError(PoolError):
    """There is no pool, or one of other inputs: building one is the cure."""


def write_index(
    path: Path, digest: str, arrays: dict[str, np.ndarray]
) -> None:
    """Write an index whole or not at all.

    Args:
        path: the file.
        digest: fingerprint of the pool.
        arrays: all other fields but the offsets, which follow from the
            ``shapes`` (p, 2), heights and widths of the patches.
    """
    lengths = arrays['shapes'].prod(axis=1) * 3
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    fields = {
        'version': np.array(VERSION),
        'fingerprint': np.array(digest),
        'offsets': offsets + _HEADER_BYTES,
        **arrays,
    }
    assert set(fields) == _FIELDS, f'{set(fields) ^ _FIELDS}'
    with atomic_write(path) as file:
        # The stub takes any keyword for savez' own option.
        np.savez(file, **fields)  # type: ignore[arg-type]


def read_index(path: Path) -> dict[str, np.ndarray]:
    """Read the fields of an index, ``offsets`` among them.

    Raises:
        StalePoolError: the file is absent or of another version.
        PoolError: it is something else.
    """
    if not path.is_file():
        raise StalePoolError(f'{path.parent}: holds no object pool')
    try:
        with np.load(path, allow_pickle=False) as arrays:
            index = dict(arrays)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise PoolError(
            f'{path}: is not the index of an object pool, or is damaged; '
            'remove it'
        ) from error
    version = index.pop('version', None)
    if version is not None and version != VERSION:
        raise StalePoolError(
            f'{path}: is an object pool of version {version}, expected '
            f'{VERSION}; build it again'
        )
    if version is None or set(index) != _FIELDS - {'version'}:
        raise PoolError(f'{path}: is not the index of an object pool')
    return index


def map_pixels(path: Path, digest: str, num_bytes: int) -> np.ndarray:
    """Memory-map the pixels, read-only uint8 (num_bytes,).

    Raises:
        StalePoolError: the file is absent, of another length, or of a pool
            with another fingerprint than ``digest``.
    """
    if not path.is_file():
        raise StalePoolError(f'{path}: the pixels of the object pool are gone')
    if path.stat().st_size != num_bytes:
        raise StalePoolError(
            f'{path}: holds {path.stat().st_size} bytes, its index says '
            f'{num_bytes}; build the object pool again'
        )
    pixels = np.asarray(np.memmap(path, dtype=np.uint8, mode='r'))
    if pixels[:_HEADER_BYTES].tobytes() != digest.encode():
        raise StalePoolError(
            f'{path}: belongs to another index; build the object pool again'
        )
    return pixels
