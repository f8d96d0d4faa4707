"""Atomic files, arrays, checksums and values."""

from .arrays import (
    ArrayFileError,
    are_offsets,
    have_layout,
    map_arrays,
    write_arrays,
)
from .atomic import (
    DISK_ERRORS,
    atomic_write,
    file_stamp,
    fingerprint,
    naming,
    remove_leftovers,
)
from .checksums import (
    FileChecksums,
    checksum_files,
    checksums_path,
    read_checksums,
    write_checksums,
)
from .json_values import check_fields, one_line, parse_json
from .packed_list import PackedList

__all__ = [
    'DISK_ERRORS',
    'ArrayFileError',
    'FileChecksums',
    'PackedList',
    'are_offsets',
    'atomic_write',
    'check_fields',
    'checksum_files',
    'checksums_path',
    'file_stamp',
    'fingerprint',
    'have_layout',
    'map_arrays',
    'naming',
    'one_line',
    'parse_json',
    'read_checksums',
    'remove_leftovers',
    'write_arrays',
    'write_checksums',
]
