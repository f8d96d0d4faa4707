import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmhcm.functional.boxes import as_bboxes
from mmhcm.structures.pool import (
    ObjectPool,
    PoolError,
    build_pool,
    building,
    pool_fingerprint,
)
from mmhcm.structures.pool.file import StalePoolError
from tests.support.pool_images import build, make_images, make_instance

IGNORED = make_instance([1, 1, 9, 9], ignore=1)


@pytest.fixture
def images(tmp_path):
    return make_images(tmp_path / 'images')


def test_patches_hold_the_object_and_its_context(tmp_path, images):
    pool = build(tmp_path / 'pool', images)
    assert len(pool) == 15
    for ind in range(len(pool)):
        image = cv2.imread(images[pool.image_inds[ind]]['img_path'])
        patch = pool.patch(ind)
        # The third instance of each image is ignored.
        number = (0, 1, 3)[ind % 3]
        instance = images[pool.image_inds[ind]]['instances'][number]
        bbox = pool.bboxes[ind]
        left, top = (instance['bbox'] - bbox)[:2].astype(int)
        assert pool.origins[ind].tolist() == [left, top]
        height, width = patch.shape[:2]
        np.testing.assert_array_equal(
            patch, image[top : top + height, left : left + width]
        )
        assert not patch.flags.writeable
        assert (bbox[:2] >= 0).all()
        assert (bbox[2:] <= (width, height)).all()
    # 25 % of 20 x 16 pixels, but for the rows above that show another
    # object; and cut at the image's border
    assert pool.patch(0).shape == (16 + 4, 20 + 10, 3)
    assert pool.bboxes[0].tolist() == [5, 0, 25, 16]
    assert pool.patch(1).shape == (25, 25, 3)
    assert pool.bboxes[1].tolist() == [5.5, 5, 25, 25]
    # 25 % of 4 pixels is less than the 2 pixels that are always there.
    assert pool.bboxes[2].tolist() == [2, 10, 6, 50]


def test_index_names_the_origin_of_patches(tmp_path, images):
    pool = build(tmp_path / 'pool', images)
    assert pool.labels.tolist() == [0, 1, 2] * 5
    assert pool.image_inds.tolist() == [i for i in range(5) for _ in range(3)]
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


def test_patches_show_no_other_object(tmp_path, images):
    """Whatever the class, ignored ones and ignored regions too."""
    images[0]['instances'] = [
        make_instance([20, 20, 40, 40]),
        make_instance([43, 10, 60, 30], 1),
        make_instance([10, 41, 30, 60], 2, ignore=1),
    ]
    images[0]['ignored_regions'] = [[0, 0, 80, 18]]
    pool = build(tmp_path / 'pool', images[:1])
    # Five pixels to the left, three to the right, two above, one below.
    assert pool.patch(0).shape == (23, 28, 3)
    assert pool.bboxes[0].tolist() == [5, 2, 25, 22]
    assert pool.foreign(0).tolist() == []
    # The region covers eight of its rows, and is on both sides of them.
    assert pool.bboxes[1].tolist() == [0, 0, 17, 20]
    assert pool.foreign(1).tolist() == [[0, 0, 17, 8]]


def test_covered_part_of_an_object_is_recorded(tmp_path, images):
    images[0]['instances'] = [
        make_instance([20, 20, 40, 40]),
        make_instance([36, 18, 50, 36], 1, ignore=1),
        make_instance([22, 38, 30, 40], 2),
    ]
    pool = build(tmp_path / 'pool', images[:1])
    assert pool.image_inds.tolist() == [0]
    # Nothing of the neighbour on the right; the other lies all inside.
    assert pool.bboxes[0].tolist() == [5, 0, 25, 20]
    assert pool.patch(0).shape == (25, 25, 3)
    assert pool.foreign(0).tolist() == [[21, 0, 25, 16], [7, 18, 15, 20]]


@pytest.mark.parametrize(('share', 'kept'), [(0.49, [1]), (0.5, [0, 1])])
def test_covered_objects_are_left_out(tmp_path, images, share, kept):
    images[0]['instances'] = [
        make_instance([20, 20, 40, 40]),
        make_instance([20, 30, 80, 60], 1),
        make_instance([20, 30, 30, 40], 2, ignore=1),
    ]
    pool = build(tmp_path / 'pool', images[:1], max_foreign=share)
    assert pool.labels.tolist() == kept
    # The same object once more has the same pixels.
    images[0]['instances'].append(make_instance([20, 20, 40, 40], 2))
    assert build(tmp_path / 'pool', images[:1]).labels.tolist() == [1]


def test_objects_without_area_are_left_out(tmp_path, images):
    images[0]['instances'] = [
        make_instance([5, 5, 5, 30]),
        make_instance([200, 5, 230, 30]),
        make_instance([70, 40, 95, 70]),
    ]
    pool = build(tmp_path / 'pool', images[:1])
    assert len(pool) == 1
    assert pool.bboxes[0].tolist() == [3, 5, 13, 25]


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
        ('instances', [*images[0]['instances'], IGNORED]),
        ('ignored_regions', [[0, 0, 1, 1]]),
    ):
        changed = [{**images[0], key: value}, *images[1:]]
        assert digest != pool_fingerprint(changed, num_classes=3)


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


@pytest.mark.parametrize('workers', [1, 2])
@pytest.mark.parametrize('content', [None, b'', b'no image'])
def test_bad_image_is_named_and_no_pool_is_written(
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

    monkeypatch.setattr(building, 'write_index', die)
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
    assert pool.patch(0)[2:14, 7:23].min() > 200


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'context': -0.1}, 'context must be'),
        ({'min_size': 9, 'max_size': 8}, 'min_size must be'),
        ({'max_foreign': 1.5}, 'max_foreign must be'),
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
