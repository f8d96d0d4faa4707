"""Arrays in one file that is mapped, not read.

A file starts with one line of JSON, which says what it is and where each
array lies; then come the arrays, each at a multiple of 64 bytes. Processes
that map it share one copy in memory.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .files import atomic_write

_ALIGNMENT = 64
_MAX_HEADER_BYTES = 1 << 16


class ArrayFileError(ValueError):
    """A file under the name of a cache is something else."""


def write_arrays(
    path: str | Path,
    kind: str,
    fingerprint: str,
    arrays: Mapping[str, np.ndarray],
) -> None:
    """Write arrays of numbers whole or not at all.

    Args:
        path: The file.
        kind: What the file is, with its version, such as 'boxes 1'.
        fingerprint: Of what the arrays were made from.
        arrays: Arrays by name.
    """
    places: dict[str, list[Any]] = {}
    offset = 0
    for name, array in arrays.items():
        assert not array.dtype.hasobject, f'{name} holds objects'
        places[name] = [array.dtype.str, list(array.shape), offset]
        offset += -(-array.nbytes // _ALIGNMENT) * _ALIGNMENT
    header = {'kind': kind, 'fingerprint': fingerprint, 'arrays': places}
    line = json.dumps(header).encode()
    assert len(line) < _MAX_HEADER_BYTES, 'too many arrays for a header'
    line += b' ' * (-(len(line) + 1) % _ALIGNMENT) + b'\n'
    with atomic_write(path) as file:
        file.write(line)
        for array in arrays.values():
            file.write(np.ascontiguousarray(array).data)
            file.write(b'\0' * (-array.nbytes % _ALIGNMENT))


def map_arrays(
    path: str | Path, kind: str, fingerprint: str
) -> dict[str, np.ndarray] | None:
    """Map the arrays of a file, read-only.

    Returns:
        Arrays by name; None if the file is absent, cut off, of another
        version or made from other inputs.

    Raises:
        ArrayFileError: the file is something else.
    """
    path = Path(path)
    try:
        with path.open('rb') as file:
            line = file.readline(_MAX_HEADER_BYTES)
            num_bytes = file.seek(0, 2)
    except FileNotFoundError:
        return None
    header = _parse_header(line)
    family = kind.rsplit(' ', 1)[0]
    if header is None or header['kind'].rsplit(' ', 1)[0] != family:
        raise ArrayFileError(f'{path}: is no cache of {family}; remove it')
    if header['kind'] != kind or header['fingerprint'] != fingerprint:
        return None
    content = np.asarray(np.memmap(path, dtype=np.uint8, mode='r'))
    arrays = {}
    for name, (dtype, shape, offset) in header['arrays'].items():
        start = len(line) + offset
        stop = start + int(np.prod(shape)) * np.dtype(dtype).itemsize
        if stop > num_bytes:
            return None
        arrays[name] = content[start:stop].view(dtype).reshape(shape)
    return arrays


def _parse_header(line: bytes) -> dict | None:
    try:
        header = json.loads(line)
    except ValueError:
        return None
    is_header = isinstance(header, dict) and set(header) == {
        *('kind', 'fingerprint', 'arrays'),
    }
    return header if is_header else None
