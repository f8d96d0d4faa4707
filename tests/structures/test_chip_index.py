import io
import zipfile

import numpy as np
import pytest

from mmhcm.structures import chip_index
from mmhcm.structures.chip_index import (
    ChipIndex,
    ChipIndexError,
    read_chip_index,
    write_chip_index,
)


def make_index(num):
    return ChipIndex(
        image_inds=np.arange(num),
        windows=np.arange(num * 4, dtype=np.float32).reshape(num, 4),
        scale_inds=np.ones(num, dtype=np.int64),
        num_excluded=np.array(3),
    )


def assert_same(index, expected):
    for name, values in vars(expected).items():
        np.testing.assert_array_equal(getattr(index, name), values)
        assert getattr(index, name).dtype == values.dtype


@pytest.mark.parametrize('num', [0, 1, 5])
def test_round_trip(tmp_path, num):
    path = tmp_path / 'cache' / 'chips.npz'
    write_chip_index(path, make_index(num), 'abc')
    assert_same(read_chip_index(path, 'abc'), make_index(num))


def test_absent_and_stale(tmp_path, monkeypatch):
    path = tmp_path / 'chips.npz'
    assert read_chip_index(path, 'abc') is None
    write_chip_index(path, make_index(2), 'abc')
    assert read_chip_index(path, 'abd') is None
    monkeypatch.setattr(chip_index, 'VERSION', chip_index.VERSION + 1)
    assert read_chip_index(path, 'abc') is None


def test_every_damage_is_noticed(tmp_path):
    path = tmp_path / 'chips.npz'
    write_chip_index(path, make_index(2), 'abc')
    content = path.read_bytes()
    for length in range(0, len(content), 7):
        path.write_bytes(content[:length])
        assert read_chip_index(path, 'abc') is None, length
    for position in range(0, len(content), 5):
        damaged = bytearray(content)
        damaged[position] ^= 1 << (position % 8)
        path.write_bytes(damaged)
        try:
            index = read_chip_index(path, 'abc')
        except ChipIndexError:
            continue
        # Not every byte matters, such as the archive's dates.
        if index is not None:
            assert_same(index, make_index(2))


def test_lengths_must_agree(tmp_path):
    path = tmp_path / 'chips.npz'
    index = make_index(3)
    wrong = ChipIndex(
        index.image_inds[:2],
        index.windows,
        index.scale_inds,
        index.num_excluded,
    )
    write_chip_index(path, wrong, 'abc')
    assert read_chip_index(path, 'abc') is None


def foreign_array():
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(3))
    return buffer.getvalue()


def foreign_zip():
    buffer = io.BytesIO()
    np.savez(buffer, weights=np.zeros(3))
    return buffer.getvalue()


@pytest.mark.parametrize('content', [foreign_array(), foreign_zip()])
def test_a_sound_file_of_something_else_is_an_error(tmp_path, content):
    path = tmp_path / 'chips.npz'
    path.write_bytes(content)
    with pytest.raises(ChipIndexError, match=r'chips\.npz: is no cache'):
        read_chip_index(path, 'abc')


def test_pickles_are_never_loaded(tmp_path):
    path = tmp_path / 'chips.npz'
    arrays = {name: np.zeros(1) for name in vars(make_index(1))}
    arrays['windows'] = np.array([{}], dtype=object)
    np.savez(path, version=1, fingerprint='abc', **arrays)
    assert zipfile.is_zipfile(path)
    assert read_chip_index(path, 'abc') is None
