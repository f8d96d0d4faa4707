import pickle

import numpy as np
import pytest

from mmhcm.structures.files import write_arrays
from mmhcm.structures.pool import ObjectPool, PoolError, read_index
from mmhcm.structures.pool import file as pool_file
from mmhcm.structures.pool.file import StalePoolError
from tests.support.pool_images import build, make_images


@pytest.fixture
def images(tmp_path):
    return make_images(tmp_path / 'images')


def test_pickle_opens_the_pool_again(tmp_path, images):
    pool = build(tmp_path / 'pool', images)
    content = pickle.dumps(pool)
    assert len(content) < 1000
    copy = pickle.loads(content)
    np.testing.assert_array_equal(copy.patch(3), pool.patch(3))
    np.testing.assert_array_equal(copy.bboxes, pool.bboxes)


def test_stale_pools_are_distinguished(tmp_path, images):
    path = tmp_path / 'pool'
    assert not ObjectPool.exists(path)
    with pytest.raises(StalePoolError, match='holds no object pool'):
        ObjectPool.open(path)
    pool = build(path, images)
    assert ObjectPool.exists(path)
    assert ObjectPool.exists(path, pool.fingerprint)
    assert not ObjectPool.exists(path, 'f' * 64)
    with pytest.raises(StalePoolError, match='other boxes or settings'):
        ObjectPool.open(path, 'f' * 64)


def test_pixels_of_another_index_are_refused(tmp_path, images):
    build(tmp_path / 'a', images)
    build(tmp_path / 'b', images, seed=1)
    (tmp_path / 'a' / 'pool.bin').replace(tmp_path / 'b' / 'pool.bin')
    with pytest.raises(StalePoolError, match='belongs to another index'):
        ObjectPool.open(tmp_path / 'b')


def test_other_versions_are_refused(tmp_path, images, monkeypatch):
    path = tmp_path / 'pool'
    build(path, images)
    monkeypatch.setattr('mmhcm.structures.pool.file._KIND', 'object pool 99')
    with pytest.raises(StalePoolError, match='damaged or of another version'):
        ObjectPool.open(path)


@pytest.mark.parametrize('kind', ['text', 'cache'])
def test_foreign_files_are_an_error_and_stay(tmp_path, images, kind):
    path = tmp_path / 'pool'
    build(path, images)
    index = path / 'pool_index.bin'
    if kind == 'text':
        index.write_text('notes')
    else:
        write_arrays(index, 'chips 1', '', {'a': np.ones(1)})
    content = index.read_bytes()
    for use in (ObjectPool.open, ObjectPool.exists):
        with pytest.raises(PoolError, match='is not the index') as info:
            use(path)
        assert not isinstance(info.value, StalePoolError)
    with pytest.raises(PoolError, match='is not the index'):
        build(path, images)
    assert index.read_bytes() == content


def test_every_cut_and_wrong_bit_is_noticed(tmp_path, images):
    path = tmp_path / 'pool'
    pool = build(path, images)
    for name in ('pool.bin', 'pool_index.bin'):
        content = (path / name).read_bytes()
        step = len(content) // 150
        for position in range(0, len(content), step):
            (path / name).write_bytes(content[:position])
            assert not ObjectPool.exists(path)
        # Every byte of its first line, of which some say whose file it is.
        for position in [*range(30), *range(30, len(content), step)]:
            damaged = bytearray(content)
            damaged[position] ^= 1 << position % 8
            (path / name).write_bytes(damaged)
            with pytest.raises(PoolError, match=name):
                read_all(ObjectPool.open(path))
        (path / name).write_bytes(content)
    read_all(ObjectPool.open(path, pool.fingerprint))


def read_all(pool):
    return [pool.patch(ind) for ind in range(len(pool))]


def test_a_damaged_patch_is_named_and_others_can_be_used(tmp_path, images):
    pool = build(tmp_path / 'pool', images)
    with (tmp_path / 'pool' / 'pool.bin').open('r+b') as file:
        file.seek(-1, 2)
        last = file.read(1)
        file.seek(-1, 2)
        file.write(bytes([last[0] ^ 1]))
    pool.patch(0)
    with pytest.raises(PoolError, match=r'pool\.bin: patch 14 is damaged'):
        pool.patch(14)


@pytest.mark.parametrize(
    ('name', 'values'),
    [
        ('labels', np.full(15, 3)),
        ('labels', np.full(15, -1)),
        ('labels', np.zeros(15, np.int32)),
        ('image_inds', np.full(15, 5)),
        ('bboxes', np.zeros((14, 4), np.float32)),
        ('shapes', np.full((15, 2), -1)),
        ('origins', np.full((15, 2), np.nan, np.float32)),
        ('more', np.zeros(1)),
    ],
)
def test_inconsistent_fields_are_no_index(tmp_path, images, name, values):
    pool = build(tmp_path / 'pool', images)
    path = pool.path / 'pool_index.bin'
    index = read_index(path)
    index.pop('offsets')
    write_arrays(path, pool_file._KIND, '', {**index, name: values})
    with pytest.raises(StalePoolError, match='damaged or of another version'):
        ObjectPool.open(pool.path)
