"""Object pool: cutting, building and reading."""

from .building import (
    PoolOptions,
    build_pool,
    class_statistics,
    filter_objects,
    image_aspects,
    list_objects,
    pool_fingerprint,
)
from .cutting import read_image
from .file import INDEX, PIXELS, PoolError, checksum, read_index, write_index
from .object_pool import ObjectPool

__all__ = [
    'INDEX',
    'PIXELS',
    'ObjectPool',
    'PoolError',
    'PoolOptions',
    'build_pool',
    'checksum',
    'class_statistics',
    'filter_objects',
    'image_aspects',
    'list_objects',
    'pool_fingerprint',
    'read_image',
    'read_index',
    'write_index',
]
