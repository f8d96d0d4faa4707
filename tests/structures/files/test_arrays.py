import json
import zlib

import numpy as np
import pytest

from mmhcm.structures.files import (
    ArrayFileError,
    are_offsets,
    have_layout,
    map_arrays,
    write_arrays,
)

ARRAYS = {
    'a': np.arange(7, dtype=np.int16).reshape(7, 1),
    'none': np.zeros((0, 4)),
    'b': np.linspace(0, 1, 5),
    'flags': np.array([True, False]),
}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / 'deep' / 'arrays.bin'
    write_arrays(path, 'things 1', 'abc', ARRAYS)
    return path


def test_arrays_are_mapped_as_they_were(path):
    mapped = map_arrays(path, 'things 1', 'abc')
    assert set(mapped) == set(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(mapped[name], array)
        assert mapped[name].dtype == array.dtype
        assert not mapped[name].flags.writeable
        assert mapped[name].flags.aligned


@pytest.mark.parametrize(
    ('kind', 'digest'), [('things 2', 'abc'), ('things 1', 'other')]
)
def test_stale_files_are_no_cache(path, kind, digest):
    assert map_arrays(path, kind, digest) is None


def test_absent_files_are_no_cache(path):
    assert map_arrays(path.with_name('none.bin'), 'things 1', 'abc') is None
    # Nor is what cannot be read as a file.
    assert map_arrays(path.parent, 'things 1', 'abc') is None
    assert map_arrays(path / 'none.bin', 'things 1', 'abc') is None


def test_every_cut_is_noticed(path):
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        assert map_arrays(path, 'things 1', 'abc') is None
    path.write_bytes(content + b'\0')
    assert map_arrays(path, 'things 1', 'abc') is None


def test_every_wrong_bit_is_noticed(path):
    content = path.read_bytes()
    start = len('{"kind": "things ')
    for position in range(len(content)):
        damaged = bytearray(content)
        damaged[position] ^= 1 << position % 8
        path.write_bytes(damaged)
        if position < start:
            with pytest.raises(ArrayFileError):
                map_arrays(path, 'things 1', 'abc')
        else:
            assert map_arrays(path, 'things 1', 'abc') is None, position


@pytest.mark.parametrize(
    'place',
    [
        ['|O', [1], 0],
        ['nothing', [1], 0],
        ['<i2', [1], -64],
        ['<i2', [2**60, 2**60], 0],
        ['<i2', [-1, -3], 0],
        ['<i2', [2**70, 0], 0],
        ['<i2', [2.0], 0],
        ['<i2,<i2', [1], 0],
        ['<M8[s]', [1], 0],
        [None, [1], 0],
        ['<i2', [-1], 0],
        ['<i2', [10**9], 0],
        ['<i2', [3, 'a'], 0],
        ['<i2', [1]],
        3,
    ],
)
def test_invalid_headers_are_no_cache(path, place):
    header = {'kind': 'things 1', 'fingerprint': 'abc', 'arrays': {'a': place}}
    body = bytes(64)
    crc = zlib.crc32(body, zlib.crc32(json.dumps(header).encode()))
    line = json.dumps({**header, 'crc32': crc}).encode()
    path.write_bytes(line + b'\n' + body)
    assert map_arrays(path, 'things 1', 'abc') is None


def test_deep_headers_are_no_cache(path):
    path.write_bytes(b'{"kind": "things 1", "arrays": ' + b'[' * 60000)
    assert map_arrays(path, 'things 1', 'abc') is None


@pytest.mark.parametrize('content', [b'[]\n', b'{"kind": 1}\n', b'\xff'])
def test_foreign_files_are_errors(path, content):
    path.write_bytes(content)
    with pytest.raises(ArrayFileError, match=r'arrays\.bin: not a cache of t'):
        map_arrays(path, 'things 1', 'abc')


def test_files_of_another_kind_are_errors(path):
    with pytest.raises(ArrayFileError, match='not a cache of others'):
        map_arrays(path, 'others 1', 'abc')


def test_equal_arrays_give_equal_bytes(path):
    again = path.with_name('again.bin')
    write_arrays(again, 'things 1', 'abc', ARRAYS)
    assert again.read_bytes() == path.read_bytes()


def test_invalid_text_is_no_cache(path):
    """Python would stop at characters beyond all."""
    write_arrays(path, 'things 1', 'abc', {'a': np.array(['ab', 'c'])})
    assert map_arrays(path, 'things 1', 'abc')['a'].tolist() == ['ab', 'c']
    beyond = np.full(2, 0x110000, dtype=np.uint32).view('<U2')
    write_arrays(path, 'things 1', 'abc', {'a': beyond})
    assert map_arrays(path, 'things 1', 'abc') is None


@pytest.mark.parametrize(
    ('layout', 'fits'),
    [
        ({'a': ('i8', ('n', 2)), 'b': ('i2 f4', ('n',))}, True),
        ({'a': ('i8', ('n', 3)), 'b': ('f4', ('n',))}, False),
        ({'a': ('i8', ('n', 'n')), 'b': ('f4', ('n',))}, False),
        ({'a': ('i8', ('n',)), 'b': ('f4', ('n',))}, False),
        ({'a': ('i4', ('n', 2)), 'b': ('f4', ('n',))}, False),
        ({'a': ('i8', ('n', 2))}, False),
    ],
)
def test_layouts(layout, fits):
    swapped = {'a': np.zeros((3, 2), '>i8'), 'b': np.zeros(3, np.float32)}
    assert not have_layout(swapped, layout)
    arrays = {
        'a': np.zeros((3, 2), dtype=np.int64),
        'b': np.zeros(3, dtype=np.float32),
    }
    assert have_layout(arrays, layout) is fits


@pytest.mark.parametrize(
    ('values', 'total', 'are'),
    [
        ([], 0, False),
        ([0], 0, True),
        ([0, 2, 2, 5], 5, True),
        ([0, 2, 2, 5], 6, False),
        ([1, 5], 5, False),
        ([0, 6, 5], 5, False),
    ],
)
def test_offsets(values, total, are):
    assert are_offsets(np.array(values, dtype=np.int64), total) is are
