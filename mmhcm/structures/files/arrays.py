"""Arrays in one memory-mapped file.

A file starts with one line of JSON with its kind and the position of each
array. The arrays follow, each at a multiple of 64 bytes. Processes that map
the file share one copy in memory. Opening verifies a checksum over the whole
file, at about 3 gigabytes per second.
"""

import json
import math
import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .atomic import atomic_write

_ALIGNMENT = 64
_MAX_HEADER_BYTES = 1 << 16
# Numbers and text; NumPy accepts many more names of types.
_DTYPE = re.compile(r'[<>|=][biufcU]\d{1,9}')


class ArrayFileError(ValueError):
    """Error of a file that has the name of a cache but is not a cache."""


def write_arrays(
    path: str | Path,
    kind: str,
    fingerprint: str,
    arrays: Mapping[str, np.ndarray],
) -> None:
    """Write arrays of numbers or text, whole or not at all.

    Args:
        path: The file.
        kind: Kind of the file with its version, such as 'boxes 1'.
        fingerprint: Fingerprint of the inputs of the arrays.
        arrays: Arrays by name.
    """
    places: dict[str, list[Any]] = {}
    offset = 0
    for name, array in arrays.items():
        assert not array.dtype.hasobject, f'{name} holds objects'
        places[name] = [array.dtype.str, list(array.shape), offset]
        offset += -(-array.nbytes // _ALIGNMENT) * _ALIGNMENT
    header = {'kind': kind, 'fingerprint': fingerprint, 'arrays': places}
    blocks = [
        block
        for array in arrays.values()
        for block in (
            np.ascontiguousarray(array).reshape(-1).view(np.uint8).data,
            b'\0' * (-array.nbytes % _ALIGNMENT),
        )
    ]
    line = json.dumps({**header, 'crc32': _checksum(header, *blocks)}).encode()
    assert len(line) < _MAX_HEADER_BYTES, 'too many arrays for a header'
    line += b' ' * (-(len(line) + 1) % _ALIGNMENT) + b'\n'
    with atomic_write(path) as file:
        file.write(line)
        for block in blocks:
            file.write(block)


def map_arrays(
    path: str | Path, kind: str, fingerprint: str
) -> dict[str, np.ndarray] | None:
    """Map the arrays of a file, read-only.

    Returns:
        Arrays by name; None if the file is absent, unreadable, cut off,
        damaged, of another version or made from other inputs.

    Raises:
        ArrayFileError: the file is not of this kind.
    """
    path = Path(path)
    try:
        with path.open('rb') as file:
            line = file.readline(_MAX_HEADER_BYTES)
            if not line:
                return None
            # Maps the open file, because the path may be replaced meanwhile.
            content = np.asarray(np.memmap(file, dtype=np.uint8, mode='r'))
    except OSError:
        return None
    start = f'{{"kind": "{kind.rsplit(" ", 1)[0]} '.encode()
    if line[: len(start)] != start[: len(line)]:
        family = kind.rsplit(' ', 1)[0]
        raise ArrayFileError(f'{path}: not a cache of {family}; remove it')
    header = _parse_header(line)
    if header is None:
        return None
    if (header['kind'], header['fingerprint']) != (kind, fingerprint):
        return None
    body = content[len(line) :]
    if header.pop('crc32') != _checksum(header, body.data):
        return None
    try:
        return _arrays_of(body, header['arrays'])
    # Errors of a forged header.
    except (TypeError, ValueError, OverflowError):
        return None


def _arrays_of(
    body: np.ndarray, places: dict[str, list[Any]]
) -> dict[str, np.ndarray]:
    arrays = {}
    for name, (dtype, shape, offset) in places.items():
        if not _DTYPE.fullmatch(dtype) or min(shape, default=0) < 0:
            raise ValueError(f'{name} is not an array of numbers or text')
        num_bytes = math.prod(shape) * np.dtype(dtype).itemsize
        if not 0 <= offset <= offset + num_bytes <= len(body):
            raise ValueError(f'{name} is outside the file')
        content = body[offset : offset + num_bytes]
        arrays[name] = content.view(dtype).reshape(shape)
        if arrays[name].dtype.kind == 'U' and not _is_text(content):
            raise ValueError(f'{name} holds bytes that are not text')
    return arrays


def _is_text(content: np.ndarray) -> bool:
    """Check for valid four-byte code points; invalid ones crash Python."""
    return bool((content.view('<u4') <= 0x10FFFF).all())


def have_layout(
    arrays: Mapping[str, np.ndarray],
    layout: Mapping[str, tuple[str, tuple[int | str, ...]]],
) -> bool:
    """Check names, types and shapes of arrays.

    Args:
        arrays: Arrays by name.
        layout: Allowed types of each array, such as ``'i8'`` or
            ``'i2 i4 f8'``, and the shape of the array, in which equal letters
            stand for equal lengths.
    """
    if arrays.keys() != layout.keys():
        return False
    lengths: dict[int | str, int] = {}
    for name, (types, shape) in layout.items():
        array = arrays[name]
        # Another byte order is another type.
        if array.dtype not in [np.dtype(kind) for kind in types.split()]:
            return False
        if len(shape) != array.ndim:
            return False
        for key, length in zip(shape, array.shape, strict=True):
            expected = key if isinstance(key, int) else None
            if lengths.setdefault(key, expected or length) != length:
                return False
    return True


def are_offsets(values: np.ndarray, total: int) -> bool:
    """Check that ``values`` go from 0 to ``total`` without decreasing."""
    return bool(
        len(values)
        and values[0] == 0
        and values[-1] == total
        and (values[1:] >= values[:-1]).all()
    )


def _checksum(header: dict[str, Any], *blocks: Any) -> int:
    value = zlib.crc32(json.dumps(header).encode())
    for block in blocks:
        value = zlib.crc32(block, value)
    return value


def _parse_header(line: bytes) -> dict[str, Any] | None:
    try:
        header = json.loads(line)
    except (ValueError, RecursionError):
        return None
    is_header = isinstance(header, dict) and set(header) == {
        *('kind', 'fingerprint', 'arrays', 'crc32'),
    }
    return header if is_header and isinstance(header['arrays'], dict) else None
