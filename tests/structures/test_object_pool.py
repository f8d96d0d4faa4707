import os
import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmhcm.functional.boxes import as_bboxes
from mmhcm.structures import object_pool, pool_file
from mmhcm.structures.array_file import write_arrays
from mmhcm.structures.object_pool import (
    ObjectPool,
    PoolError,
    StalePoolError,
    build_pool,
    pool_fingerprint,
)
from mmhcm.structures.pool_file import read_index


def make_instance(bbox, label=0, ignore=0, **kwargs):
    return {
        'bbox': list(bbox),
        'bbox_label': label,
        'ignore_flag': ignore,
        **kwargs,
    }


def make_images(folder, num=5):
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(0)
    infos = []
    for ind in range(num):
        image = rng.integers(0, 256, (60, 80, 3), dtype=np.uint8)
        path = folder / f'img_{ind}.png'
        cv2.imwrite(str(path), image)
        infos.append(
            {
                'img_path': str(path),
                'img_id': f'img_{ind}',
                'height': 60,
                'width': 80,
                'instances': [
                    make_instance([10, 12, 30 + ind, 28], 0, occlusion=ind),
                    make_instance([60.5, 40, 80, 60], 1, truncation=ind % 2),
                    make_instance([0, 0, 12, 12], 2, ignore=1),
                    make_instance([40, 10, 44, 50], 2),
                ],
                'ignored_regions': [],
            }
        )
    return infos


@pytest.fixture
def images(tmp_path):
    return make_images(tmp_path / 'images')


def build(path, images, **kwargs):
    kwargs = {'max_occlusion': 9, 'max_truncation': 9, **kwargs}
    return build_pool(path, images, num_classes=3, **kwargs)


def test_patches_hold_the_object_and_its_context(tmp_path, images):
    pool = build(tmp_path / 'pool', images)
    assert len(pool) == 15
    for ind in range(len(pool)):
        image = cv2.imread(images[pool.image_inds[ind]]['img_path'])
        patch = pool.patch(ind)
        source, bbox = pool.source_bboxes[ind], pool.bboxes[ind]
        left, top = (source - bbox)[:2].astype(int)
        height, width = patch.shape[:2]
        np.testing.assert_array_equal(
            patch, image[top : top + height, left : left + width]
        )
        assert not patch.flags.writeable
        assert (bbox[:2] >= 0).all()
        assert (bbox[2:] <= (width, height)).all()
    # 25 % of 20 x 16 pixels; and cut at the image's border
    assert pool.patch(0).shape == (16 + 8, 20 + 10, 3)
    assert pool.bboxes[0].tolist() == [5, 4, 25, 20]
    assert pool.patch(1).shape == (25, 25, 3)
    assert pool.bboxes[1].tolist() == [5.5, 5, 25, 25]
    # 25 % of 4 pixels is less than the 2 pixels that are always there.
    assert pool.bboxes[2].tolist() == [2, 10, 6, 50]


def test_index_says_where_patches_come_from(tmp_path, images):
    pool = build(tmp_path / 'pool', images)
    assert pool.labels.tolist() == [0, 1, 2] * 5
    assert pool.image_inds.tolist() == [i for i in range(5) for _ in range(3)]
    assert pool.image_names.tolist() == [f'img_{i}' for i in range(5)]
    assert pool.occlusions[::3].tolist() == [0, 1, 2, 3, 4]
    assert pool.truncations[1::3].tolist() == [0, 1, 0, 1, 0]
    assert pool.class_counts.tolist() == [5, 5, 5]
    np.testing.assert_allclose(
        pool.class_log_sizes[1:],
        np.log([np.sqrt(19.5 * 20), np.sqrt(160)]),
        rtol=1e-6,
    )


@pytest.mark.parametrize(
    ('options', 'expected'),
    [
        ({'max_occlusion': 1}, [0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2]),
        ({'max_truncation': 0}, [0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2]),
        ({'min_size': 15}, [0] * 5 + [1] * 5),
        ({'max_size': 15}, [2] * 5),
        ({'max_per_class': 2}, [0, 0, 1, 1, 2, 2]),
        ({'min_size': 1000}, []),
    ],
)
def test_filters(tmp_path, images, options, expected):
    pool = build(tmp_path / 'pool', images, **options)
    assert sorted(pool.labels.tolist()) == expected
    # Class counts are those before the filters.
    assert pool.class_counts.tolist() == [5, 5, 5]


def test_objects_in_ignored_regions_are_left_out(tmp_path, images):
    images[0]['ignored_regions'] = [[0, 0, 22, 60], [0, 0, 21, 60]]
    images[1]['ignored_regions'] = [[0, 0, 20, 60]]
    pool = build(tmp_path / 'pool', images)
    assert pool.image_inds[pool.labels == 0].tolist() == [1, 2, 3, 4]


def test_objects_without_area_are_left_out(tmp_path, images):
    images[0]['instances'] = [
        make_instance([5, 5, 5, 30]),
        make_instance([200, 5, 230, 30]),
        make_instance([70, 40, 95, 70]),
    ]
    pool = build(tmp_path / 'pool', images[:1])
    assert len(pool) == 1
    assert pool.bboxes[0].tolist() == [3, 5, 13, 25]
    assert pool.source_bboxes[0].tolist() == [70, 40, 95, 70]


@pytest.mark.parametrize('keep', [[], [0]])
def test_empty_pool(tmp_path, images, keep):
    images = [{**images[i], 'instances': []} for i in keep]
    pool = build(tmp_path / 'pool', images)
    assert len(pool) == 0
    assert pool.bboxes.shape == (0, 4)
    assert pool.class_counts.tolist() == [0, 0, 0]
    assert np.isnan(pool.class_log_sizes).all()
    with pytest.raises(IndexError):
        pool.patch(0)


def test_same_bytes_for_any_number_of_workers(tmp_path, images):
    for workers in (1, 2):
        build(
            tmp_path / str(workers),
            images,
            num_workers=workers,
            max_per_class=4,
        )
    for name in ('pool.bin', 'pool_index.bin'):
        one, two = (tmp_path / w / name for w in '12')
        assert one.read_bytes() == two.read_bytes()


def test_progress_counts_images(tmp_path, images):
    steps = []
    build(tmp_path / 'pool', images, progress=steps.append)
    assert steps == [1] * 5


def test_pickle_opens_the_pool_again(tmp_path, images):
    pool = build(tmp_path / 'pool', images)
    content = pickle.dumps(pool)
    assert len(content) < 1000
    copy = pickle.loads(content)
    np.testing.assert_array_equal(copy.patch(3), pool.patch(3))
    np.testing.assert_array_equal(copy.bboxes, pool.bboxes)


def test_fingerprint_follows_inputs_but_not_the_place(tmp_path, images):
    digest = pool_fingerprint(images, num_classes=3)
    assert digest == pool_fingerprint(images, num_classes=3, min_size=12.0)
    copies = make_images(tmp_path / 'elsewhere')
    assert digest == pool_fingerprint(copies, num_classes=3)
    path = Path(copies[0]['img_path'])
    # Another bit, and the same length.
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert digest != pool_fingerprint(copies, num_classes=3)
    assert digest != pool_fingerprint(images, num_classes=4)
    assert digest != pool_fingerprint(images, num_classes=3, context=0.3)
    for key, value in (
        ('img_id', 'other'),
        ('instances', images[0]['instances'][1:]),
        ('ignored_regions', [[0, 0, 1, 1]]),
    ):
        changed = [{**images[0], key: value}, *images[1:]]
        assert digest != pool_fingerprint(changed, num_classes=3)


def test_stale_pools_are_told_apart(tmp_path, images):
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


def test_truncated_pool_is_refused_and_built_again(tmp_path, images):
    path = tmp_path / 'pool'
    build(path, images)
    with (path / 'pool.bin').open('r+b') as file:
        file.truncate(1000)
    with pytest.raises(StalePoolError, match=r'pool\.bin: holds 1000 bytes'):
        ObjectPool.open(path)
    (path / 'pool.bin').unlink()
    with pytest.raises(StalePoolError, match='are gone'):
        ObjectPool.open(path)
    build(path, images)
    assert ObjectPool.exists(path)


def test_pixels_of_another_index_are_refused(tmp_path, images):
    build(tmp_path / 'a', images)
    build(tmp_path / 'b', images, seed=1)
    (tmp_path / 'a' / 'pool.bin').replace(tmp_path / 'b' / 'pool.bin')
    with pytest.raises(StalePoolError, match='belongs to another index'):
        ObjectPool.open(tmp_path / 'b')


def test_other_versions_are_refused(tmp_path, images, monkeypatch):
    path = tmp_path / 'pool'
    build(path, images)
    monkeypatch.setattr('mmhcm.structures.pool_file._KIND', 'object pool 3')
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
        ('more', np.zeros(1)),
    ],
)
def test_fields_that_do_not_fit_are_no_index(tmp_path, images, name, values):
    pool = build(tmp_path / 'pool', images)
    path = pool.path / 'pool_index.bin'
    index = read_index(path)
    index.pop('offsets')
    write_arrays(path, pool_file._KIND, '', {**index, name: values})
    with pytest.raises(StalePoolError, match='damaged or of another version'):
        ObjectPool.open(pool.path)


@pytest.mark.parametrize('workers', [1, 2])
@pytest.mark.parametrize('content', [None, b'', b'no image'])
def test_bad_image_is_named_and_leaves_nothing(
    tmp_path, images, workers, content
):
    bad = Path(images[3]['img_path'])
    bad.unlink()
    if content is not None:
        bad.write_bytes(content)
    with pytest.raises(PoolError, match=r'img_3\.png'):
        build(tmp_path / 'pool', images, num_workers=workers)
    assert list((tmp_path / 'pool').iterdir()) == []


def test_interrupted_build_keeps_the_old_pool(tmp_path, images):
    old = build(tmp_path / 'pool', images[:2])

    def interrupt(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(tmp_path / 'pool', images, progress=interrupt)
    names = sorted(p.name for p in (tmp_path / 'pool').iterdir())
    assert names == ['pool.bin', 'pool_index.bin']
    assert ObjectPool.exists(tmp_path / 'pool', old.fingerprint)


def test_kill_between_the_two_files_is_noticed(tmp_path, images, monkeypatch):
    build(tmp_path / 'pool', images)

    def die(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(object_pool, 'write_index', die)
    with pytest.raises(KeyboardInterrupt):
        build(tmp_path / 'pool', images, context=0.5)
    assert not ObjectPool.exists(tmp_path / 'pool')


def test_images_without_objects_are_not_read(tmp_path, images):
    images[0]['img_path'] = str(tmp_path / 'absent.png')
    images[0]['instances'] = []
    assert len(build(tmp_path / 'pool', images)) == 12


def test_stored_orientation_is_kept(tmp_path, images):
    """A JPEG that asks to be turned is cut as it is stored."""
    image = np.zeros((60, 80, 3), np.uint8)
    image[12:28, 10:30] = 255
    content = cv2.imencode('.jpg', image)[1].tobytes()
    exif = (
        b'\xff\xe1\x00\x22Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00'
        b'\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00\x00'
    )
    path = tmp_path / 'turned.jpg'
    path.write_bytes(content[:2] + exif + content[2:])
    assert cv2.imread(str(path)).shape == (80, 60, 3)
    images = [{**images[0], 'img_path': str(path)}]
    pool = build(tmp_path / 'pool', images)
    assert pool.patch(0)[6:18, 7:23].min() > 200


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'context': -0.1}, 'context must be'),
        ({'min_size': 9, 'max_size': 8}, 'min_size must be'),
        ({'max_per_class': 0}, 'max_per_class must be'),
    ],
)
def test_bad_options_are_named(tmp_path, images, options, message):
    with pytest.raises(ValueError, match=message):
        build(tmp_path / 'pool', images, **options)


@pytest.mark.skipif('MMHCM_DATA' not in os.environ, reason='needs real data')
def test_real_images(tmp_path):
    root = Path(os.environ['MMHCM_DATA']) / 'visdrone/VisDrone2019-DET-val'
    infos = []
    for path in sorted((root / 'annotations').glob('*.txt'))[:4]:
        lines = path.read_text().split()
        rows = [[int(v) for v in r.strip(',').split(',')] for r in lines]
        infos.append(
            {
                'img_path': str(root / 'images' / f'{path.stem}.jpg'),
                'img_id': path.stem,
                'instances': [
                    make_instance(
                        [x, y, x + w, y + h],
                        row[0] - 1,
                        truncation=row[1],
                        occlusion=row[2],
                    )
                    for x, y, w, h, score, *row in rows
                    if score and 1 <= row[0] <= 10
                ],
                'ignored_regions': [
                    [x, y, x + w, y + h]
                    for x, y, w, h, _, category, *_ in rows
                    if category == 0
                ],
            }
        )
    pool = build_pool(tmp_path / 'pool', infos, num_classes=10)
    assert 0 < len(pool) < pool.class_counts.sum()
    sizes = np.sqrt(np.prod(as_bboxes(pool.bboxes)[:, 2:], axis=1))
    assert np.isfinite(sizes).all()
    assert all(pool.patch(i).size for i in range(len(pool)))
