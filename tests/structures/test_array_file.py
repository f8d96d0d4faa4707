import numpy as np
import pytest

from mmhcm.structures.array_file import (
    ArrayFileError,
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


def test_absent_and_cut_files_are_no_cache(path):
    assert map_arrays(path.with_name('none.bin'), 'things 1', 'abc') is None
    content = path.read_bytes()
    path.write_bytes(content[:-64])
    assert map_arrays(path, 'things 1', 'abc') is None


@pytest.mark.parametrize('content', [b'', b'[]\n', b'{"kind": 1}\n', b'\xff'])
def test_foreign_files_are_errors(path, content):
    path.write_bytes(content)
    with pytest.raises(ArrayFileError, match=r'arrays\.bin: is no cache of t'):
        map_arrays(path, 'things 1', 'abc')


def test_files_of_another_kind_are_errors(path):
    with pytest.raises(ArrayFileError, match='is no cache of others'):
        map_arrays(path, 'others 1', 'abc')


def test_equal_arrays_give_equal_bytes(path):
    again = path.with_name('again.bin')
    write_arrays(again, 'things 1', 'abc', ARRAYS)
    assert again.read_bytes() == path.read_bytes()
