"""Seeded damage to valid files: bytes, numbers, JSON values, archives."""

import io
import json
import random
import re
import struct
import zipfile
from collections.abc import Sequence
from typing import Any

_NUMBER = re.compile(rb'-?\d+(?:\.\d+)?')
_TOKENS = [
    *(b'', b'0', b'-0', b'-1', b'1', b'.5', b'1.', b'-', b'+1', b'--1'),
    *(b'255', b'65536', b'2147483648', b'4294967297', b'9007199254740993'),
    *(b'1152921504606846976', b'9223372036854775808', b'-9223372036854775809'),
    *(b'18446744073709551617', b'9' * 30, b'9' * 400, b'9' * 5000),
    *(b'1e5', b'1e999', b'-1e999', b'nan', b'inf', b'1_0', b'0x10', b' 3 '),
    *(b'\xd9\xa3', b'null', b'true', b'[]', b'{}', b'"x"', b'NaN'),
    *(b'Infinity', b'\n', b'\r', b'\r\n', b'\0', b'\xff', b'\xef\xbb\xbf'),
    *(b'"', b',', b';'),
    *(b'\xe2\x80\xa8', b'\x1c', b'\xc2\x85', b'../', b'/', b'\\', b'[' * 5000),
]
_VALUES: list[Any] = [
    *(None, True, False, 0, 1, -1, 2**31, 2**60, 2**63, -(2**63) - 1, 10**30),
    *(0.5, -1.5, 1e308, float('nan'), float('inf'), '', 'x', '1', '\0', 'é'),
    *([], {}, [0], [[]], {'x': 1}, [1, 2, 3, 4], ['a', 'b', 'c', 'd'], 'O'),
    *('<i8', '|O', '<U99999999', 'i4,i4', '<M8[s]', [1, [2, [3]]], 10**400),
]
_MAX_BYTES = 1 << 18


def mutate(
    content: bytes, seeds: Sequence[bytes], rng: random.Random
) -> bytes:
    """Return damaged bytes; now and then random ones.

    Args:
        content: A valid file.
        seeds: Valid files to splice with.
        rng: Of all draws.
    """
    kind = rng.random()
    if kind < 0.02:
        return rng.randbytes(rng.choice([0, 1, 7, 64, 1000]))
    if kind < 0.45:
        damaged = _mutate_parts(content, seeds, rng)
        if damaged is not None:
            return damaged[:_MAX_BYTES]
    return _mutate_bytes(content, seeds, rng)


def _mutate_bytes(
    content: bytes, seeds: Sequence[bytes], rng: random.Random
) -> bytes:
    for _ in range(min(int(rng.expovariate(0.5)) + 1, 12)):
        content = rng.choice(_EDITS)(content, seeds, rng)[:_MAX_BYTES]
    return content


def _mutate_parts(
    content: bytes, seeds: Sequence[bytes], rng: random.Random
) -> bytes | None:
    """Damage inside of an archive or JSON, which stay ones; None for others.

    Damaged bytes of an archive mostly end at its checksums.
    """
    if content[:4] == b'PK\x03\x04':
        return _mutate_zip(content, rng)
    lines = content.split(b'\n')
    number = rng.randrange(len(lines))
    try:
        values = json.loads(content if content[:1] == b'{' else b'!')
        return json.dumps(_mutate_json(values, rng)).encode()
    except (ValueError, RecursionError):
        pass
    try:
        values = json.loads(lines[number])
        lines[number] = json.dumps(_mutate_json(values, rng)).encode()
    except (ValueError, RecursionError):
        return None
    return b'\n'.join(lines)


def _mutate_json(values: Any, rng: random.Random) -> Any:
    """Replace, remove or double a value somewhere below; may edit."""
    if not isinstance(values, dict | list) or not values:
        return rng.choice(_VALUES)
    keys = list(values) if isinstance(values, dict) else range(len(values))
    key = rng.choice(keys)
    draw = rng.random()
    if draw < 0.75:
        values[key] = _mutate_json(values[key], rng)
    elif draw < 0.85:
        del values[key]
    elif isinstance(values, dict):
        values[rng.choice(['x', '', key + 'x'])] = values[key]
    else:
        values.insert(key, values[key])
    return values


def _mutate_zip(content: bytes, rng: random.Random) -> bytes | None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [
                [info.filename, archive.read(info), info.external_attr]
                for info in archive.infolist()
            ]
    except Exception:
        return None
    ind = rng.randrange(len(members))
    name, member, _ = members[ind]
    draw = rng.random()
    if draw < 0.6:
        members[ind][1] = _mutate_bytes(member, [member], rng)
    elif draw < 0.8:
        members[ind][0] = rng.choice(
            [
                *(f'../{name}', f'/{name}', f'./{name}', f'x/{name}', ''),
                *(name.upper(), f'{name}\0', f'..\\{name}', f'{name}/', 'x'),
                *(f'C:{name}', name[:-1], f'\n{name}', f'é{name}', '.txt'),
            ]
        )
    elif draw < 0.9:
        members.append(list(rng.choice(members)))
    elif draw < 0.95:
        members[ind][2] = 0o120777 << 16
    else:
        del members[ind]
    out = io.BytesIO()
    method = rng.choice([zipfile.ZIP_STORED] * 3 + [zipfile.ZIP_DEFLATED])
    with zipfile.ZipFile(out, 'w', method) as archive:
        for name, member, attributes in members:
            info = zipfile.ZipInfo(name)
            info.external_attr = attributes
            info.compress_type = method
            archive.writestr(info, member)
    return out.getvalue()


def _flip(content: bytes, _: Sequence[bytes], rng: random.Random) -> bytes:
    if not content:
        return b'\0'
    at = rng.randrange(len(content))
    value = content[at] ^ (1 << rng.randrange(8))
    return content[:at] + bytes([value]) + content[at + 1 :]


def _overwrite(
    content: bytes, _: Sequence[bytes], rng: random.Random
) -> bytes:
    at = rng.randrange(len(content) + 1)
    number = rng.choice([0, 1, 255, 256, 2**15, 2**31 - 1, 2**32 - 1, 2**60])
    number = rng.choice([number, number + 1, 2**64 - 1 - number])
    form = rng.choice(['B', '<H', '>H', '<I', '>I', '<Q'])
    packed = struct.pack(form, number & (256 ** struct.calcsize(form) - 1))
    return content[:at] + packed + content[at + len(packed) :]


def _insert(content: bytes, _: Sequence[bytes], rng: random.Random) -> bytes:
    at = rng.randrange(len(content) + 1)
    piece = rng.choice([rng.choice(_TOKENS), rng.randbytes(rng.randrange(9))])
    return content[:at] + piece + content[at:]


def _number(content: bytes, _: Sequence[bytes], rng: random.Random) -> bytes:
    """Another number, or none, in place of one."""
    start = rng.randrange(len(content) + 1)
    match = _NUMBER.search(content, start, start + 2000)
    if match is None:
        return _insert(content, _, rng)
    return (
        content[: match.start()]
        + rng.choice(_TOKENS)
        + (content[match.end() :])
    )


def _delete(content: bytes, _: Sequence[bytes], rng: random.Random) -> bytes:
    start, stop = _range(content, rng)
    return content[:start] + content[stop:]


def _double(content: bytes, _: Sequence[bytes], rng: random.Random) -> bytes:
    start, stop = _range(content, rng)
    times = rng.choice([1, 1, 1, 2, 30])
    return content[:stop] + content[start:stop] * times + content[stop:]


def _cut(content: bytes, _: Sequence[bytes], rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content) + 1)]


def _splice(
    content: bytes, seeds: Sequence[bytes], rng: random.Random
) -> bytes:
    other = rng.choice(seeds)
    start, stop = _range(other, rng)
    at = rng.randrange(len(content) + 1)
    return content[:at] + other[start:stop] + content[at:]


def _range(content: bytes, rng: random.Random) -> tuple[int, int]:
    start = rng.randrange(len(content) + 1)
    longest = rng.choice([1, 4, 30, 1000])
    return start, min(start + rng.randint(0, longest), len(content))


_EDITS = [
    *(_flip, _flip, _overwrite, _overwrite, _insert, _insert),
    *(_number, _number, _number, _delete, _double, _cut, _splice),
]
