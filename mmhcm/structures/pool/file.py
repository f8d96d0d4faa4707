"""Two files of an object pool.

``pool.bin`` starts with the pool's fingerprint, 64 ASCII characters, followed
by the patches, uint8 BGR, row by row, without gaps. ``pool_index.bin`` holds
the position, shape, object and source image of each patch, and the checksum
of its pixels, which is compared whenever a patch is read. The parts of an
object that other objects or ignored regions cover are stored as boxes, patch
after patch.
"""

import zlib
from pathlib import Path

import numpy as np

from mmhcm.structures.files import ArrayFileError, map_arrays, write_arrays

VERSION = 6
PIXELS, INDEX = 'pool.bin', 'pool_index.bin'
_KIND = f'object pool {VERSION}'
_HEADER_BYTES = 64
# Limit of a patch's sides, pixels, far above the sides of any image, so that
# sums of areas stay below 2**63.
_MAX_SIDE = 1 << 18
#: Fields of each patch: type, and shape after the number of patches.
_PATCH_FIELDS = {
    'shapes': (np.int64, (2,)),
    'checksums': (np.uint32, ()),
    'bboxes': (np.float32, (4,)),
    'labels': (np.int64, ()),
    'image_inds': (np.int64, ()),
    'foreign_counts': (np.int64, ()),
    'looks': (np.float32, (4,)),
    'origins': (np.float32, (2,)),
}
_FIELDS = {
    *_PATCH_FIELDS,
    *('fingerprint', 'class_counts', 'class_log_sizes'),
    *('foreign_bboxes', 'aspect_sums'),
}


class PoolError(ValueError):
    """Error of an object pool; the message names the file."""


class StalePoolError(PoolError):
    """Error of a pool that is absent or of other inputs: build it again."""


def write_index(
    path: Path, digest: str, arrays: dict[str, np.ndarray]
) -> None:
    """Write an index whole or not at all.

    Args:
        path: the file.
        digest: fingerprint of the pool.
        arrays: all other fields; ``shapes`` (p, 2) are heights and widths of
            the patches, ``checksums`` (p,) from `checksum`.
    """
    fields = {'fingerprint': np.array(digest), **arrays}
    assert set(fields) == _FIELDS, f'{set(fields) ^ _FIELDS}'
    # The fingerprint is an array, because a pool can be opened without it.
    write_arrays(path, _KIND, '', fields)


def read_index(path: Path) -> dict[str, np.ndarray]:
    """Map the fields of an index; add the ``offsets`` of the patches.

    Raises:
        StalePoolError: the file is absent, damaged or of another version.
        PoolError: the file is not an index.
    """
    if not path.exists():
        raise StalePoolError(f'{path.parent}: holds no object pool')
    try:
        index = map_arrays(path, _KIND, '')
    except ArrayFileError as error:
        raise PoolError(
            f'{path}: is not the index of an object pool; remove it'
        ) from error
    if index is None or not _is_sound(index):
        raise StalePoolError(
            f'{path}: is damaged or of another version; build the object pool '
            'again'
        )
    lengths = index['shapes'].prod(axis=1) * 3
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return {**index, 'offsets': offsets + _HEADER_BYTES}


def checksum(patch: np.ndarray) -> int:
    """Compute the checksum of a patch's pixels, for `write_index`."""
    return zlib.crc32(patch.data)


def _is_sound(index: dict[str, np.ndarray]) -> bool:
    """Check that all fields are present and consistent."""
    if set(index) != _FIELDS or index['labels'].ndim != 1:
        return False
    num = len(index['labels'])
    counts = index['class_counts']
    aspect_sums = index['aspect_sums']
    digest = index['fingerprint']
    foreign = index['foreign_bboxes']
    if (
        (digest.ndim, digest.dtype.kind) != (0, 'U')
        or counts.ndim != 1
        or counts.dtype != np.int64
        or index['class_log_sizes'].shape != counts.shape
        or foreign.dtype != np.float32
        or aspect_sums.ndim != 3
        or aspect_sums.shape[1:] != (2, len(counts))
        or aspect_sums.dtype != np.float64
    ):
        return False
    return all(
        index[name].shape == (num, *shape) and index[name].dtype == dtype
        for name, (dtype, shape) in _PATCH_FIELDS.items()
    ) and bool(
        (index['shapes'] > 0).all()
        and (index['shapes'] < _MAX_SIDE).all()
        and (index['labels'] >= 0).all()
        and (index['labels'] < len(counts)).all()
        and (counts >= 0).all()
        and np.isfinite(index['bboxes']).all()
        and (index['foreign_counts'] >= 0).all()
        and foreign.shape == (index['foreign_counts'].sum(), 4)
        and np.isfinite(foreign).all()
        and np.isfinite(index['looks']).all()
        and np.isfinite(index['origins']).all()
        and np.isfinite(aspect_sums).all()
        and (index['image_inds'] >= 0).all()
        and (index['image_inds'] < len(aspect_sums)).all()
    )


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
