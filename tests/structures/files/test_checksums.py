import os
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmhcm.structures.files import (
    ArrayFileError,
    checksum_files,
    checksums,
    checksums_path,
    read_checksums,
    write_checksums,
)


@pytest.fixture
def paths(tmp_path):
    paths = [tmp_path / f'{number}.tif' for number in range(3)]
    for number, path in enumerate(paths):
        path.write_bytes(bytes([number]) * 1000)
    return paths


@pytest.fixture
def read(monkeypatch):
    """Names of files that are read."""
    names, checksum = [], checksums._checksum

    def noted(path):
        names.append(path.name)
        return checksum(path)

    monkeypatch.setattr(checksums, '_checksum', noted)
    return names


@given(
    content=st.binary(max_size=50), block=st.integers(min_value=1, max_value=9)
)
def test_blocks_add_up(tmp_path_factory, content, block):
    path = tmp_path_factory.mktemp('blocks') / 'file'
    path.write_bytes(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checksums, '_BLOCK_BYTES', block)
        found = checksum_files([path])
    assert found.values.tolist() == [zlib.crc32(content)]
    assert found.lengths.tolist() == [len(content)]


def test_only_changed_files_are_read_again(paths, read):
    first = checksum_files(paths)
    assert len(set(first.values.tolist())) == 3
    read.clear()
    os.utime(paths[1], ns=(0, 5))
    paths[2].write_bytes(b'longer' * 1000)
    steps = []
    second = checksum_files(paths, first, steps.append)
    assert read == ['1.tif', '2.tif']
    assert steps == [1, 1, 1]
    assert (second.values == first.values).tolist() == [True, True, False]
    assert (second.stamps() == first.stamps()).all(axis=1).tolist() == [
        *(True, False, False),
    ]


def test_other_bytes_of_the_same_length_are_seen(paths):
    first = checksum_files(paths)
    paths[0].write_bytes(bytes([7]) * 1000)
    second = checksum_files(paths, first)
    assert (second.lengths == first.lengths).all()
    assert (second.values == first.values).tolist() == [False, True, True]


def test_unreadable_file_has_checksum_zero(tmp_path, paths):
    paths[0].unlink()
    paths[1].unlink()
    paths[1].mkdir()
    found = checksum_files(paths)
    assert found.values.tolist()[:2] == [0, 0]
    assert not found.stamps()[:2].any()
    assert checksum_files([]).stamps().shape == (0, 2)


def test_unreadable_file_is_read_again(paths, monkeypatch):
    monkeypatch.setattr(checksums, '_checksum', lambda path: None)
    first = checksum_files(paths)
    monkeypatch.undo()
    second = checksum_files(paths, first)
    np.testing.assert_array_equal(second.values, checksum_files(paths).values)
    assert second.values.all()


def test_kept_checksums_have_the_same_paths(tmp_path, paths):
    folder = tmp_path / 'cache'
    assert read_checksums(folder, paths) is None
    found = checksum_files(paths)
    write_checksums(folder, paths, found)
    kept = read_checksums(folder, paths)
    np.testing.assert_array_equal(kept.stamps(), found.stamps())
    np.testing.assert_array_equal(kept.values, found.values)
    assert read_checksums(folder, paths[::-1]) is None
    path = checksums_path(folder, paths)
    path.write_bytes(path.read_bytes()[:-1])
    assert read_checksums(folder, paths) is None
    path.write_text('notes')
    with pytest.raises(ArrayFileError, match='file checksums'):
        read_checksums(folder, paths)
