import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mmdet.registry import TRANSFORMS
from mmdet.structures.bbox import HorizontalBoxes

from mmhcm.datasets import CropChip
from tests.support.scene_folders import (
    BACKGROUND,
    object_color,
    paint,
    painted_box,
)

WH = (100, 80)
CHIP_SIZE = 64
PAD = (7, 8, 9)


def make_results(
    rows, window, resize=1.0, valid=None, labels=None, uncounted=()
):
    """Rows (x, y, w, h) in whole pixels."""
    image = np.full((WH[1], WH[0], 3), BACKGROUND, dtype=np.uint8)
    paint(image, rows)
    labels = range(len(rows)) if labels is None else labels
    valid = [True] * len(rows) if valid is None else valid
    return {
        'img': image,
        'img_path': 'a.png',
        'img_shape': image.shape[:2],
        'ori_shape': image.shape[:2],
        'width': WH[0],
        'height': WH[1],
        'instances': [
            {
                'bbox': [x, y, x + w, y + h],
                'bbox_label': label,
                'ignore_flag': int(index in uncounted),
            }
            for index, ((x, y, w, h), label) in enumerate(
                zip(rows, labels, strict=True)
            )
        ],
        'chip': {
            'window': np.array(window, dtype=np.float32),
            'scale_ind': 0,
            'resize': resize,
            'valid': np.array(valid, dtype=bool),
        },
    }


def crop(*args, min_visible=0.5, **kwargs):
    transform = CropChip(CHIP_SIZE, min_visible, PAD)
    return transform(make_results(*args, **kwargs))


@st.composite
def scenes(draw):
    """One object in the window, which may lie anywhere in the image."""
    side = draw(st.sampled_from([32, 40, 64, 100]))
    window_wh = min(side, WH[0]), min(side, WH[1])
    x1, y1 = (
        draw(st.integers(0, whole - part))
        for whole, part in zip(WH, window_wh, strict=True)
    )
    w, h = (draw(st.integers(5, part)) for part in window_wh)
    x = draw(st.integers(x1, x1 + window_wh[0] - w))
    y = draw(st.integers(y1, y1 + window_wh[1] - h))
    window = (x1, y1, x1 + window_wh[0], y1 + window_wh[1])
    return (x, y, w, h), window, CHIP_SIZE / side


@given(scenes())
def test_boxes_are_where_the_objects_are(scene):
    row, window, resize = scene
    results = crop([row], window, resize)
    ((x1, y1, x2, y2),) = results['gt_bboxes'].numpy()
    # The nearer colour decides; the size is rounded by half a pixel.
    found = painted_box(results['img'], object_color(0), tolerance=77)
    np.testing.assert_allclose(found, [x1, y1, x2, y2], atol=1.01)
    assert results['img'].shape == (CHIP_SIZE, CHIP_SIZE, 3)


def test_windows_are_padded_at_the_right_and_the_bottom():
    results = crop([(0, 0, 10, 10)], (0, 0, 40, 20), resize=1.5)
    img = results['img']
    assert (img[:30, :60] != PAD).any(axis=2).all()
    assert (img[30:] == PAD).all()
    assert (img[:, 60:] == PAD).all()
    assert results['img_shape'] == (CHIP_SIZE, CHIP_SIZE)
    assert results['ori_shape'] == (80, 100)
    assert results['scale_factor'] == (1.5, 1.5)


def test_no_objects():
    results = crop([], (0, 0, 64, 64))
    assert results['gt_bboxes'].shape == (0, 4)
    assert results['gt_bboxes'].dtype.is_floating_point
    assert results['gt_bboxes_labels'].shape == (0,)
    assert results['gt_bboxes_labels'].dtype == np.int64
    assert results['gt_ignore_flags'].tolist() == []
    assert results['gt_ignore_flags'].dtype == bool


def test_ignored_and_removed_objects():
    rows = [
        (10, 10, 20, 20),  # whole
        (56, 10, 16, 10),  # half of it in the window
        (57, 30, 16, 10),  # less than half
        (64, 40, 10, 10),  # touches the window's border
        (5, 40, 20, 20),  # not valid at this scale
        (35, 40, 20, 20),  # ignored in the image
    ]
    results = crop(
        rows,
        (0, 0, 64, 64),
        valid=[True, True, True, True, False, False],
        labels=[9, 3, 3, 1, 5, 0],
        uncounted=[5],
    )
    assert isinstance(results['gt_bboxes'], HorizontalBoxes)
    assert results['gt_bboxes'].numpy().tolist() == [
        [10, 10, 30, 30],
        [56, 10, 64, 20],
        [57, 30, 64, 40],
        [5, 40, 25, 60],
        [35, 40, 55, 60],
    ]
    assert results['gt_bboxes_labels'].tolist() == [9, 3, 3, 5, 0]
    flags = [False, False, True, True, True]
    assert results['gt_ignore_flags'].tolist() == flags
    assert results['ignored_but_counted'].tolist() == [True, True, False]


@pytest.mark.parametrize(
    ('min_visible', 'ignored'),
    [(0.1, False), (0.5, False), (0.51, True), (1, True)],
)
def test_least_visible_share(min_visible, ignored):
    rows = [(56, 10, 16, 10)]
    results = crop(rows, (0, 0, 64, 64), min_visible=min_visible)
    assert results['gt_ignore_flags'].tolist() == [ignored]


def test_ignored_objects_stay_ignored_when_packed():
    results = crop(
        [(10, 10, 20, 20), (40, 40, 9, 9)], (0, 0, 64, 64), valid=[False, True]
    )
    pack = TRANSFORMS.build(dict(type='mmdet.PackDetInputs', meta_keys=()))
    data_sample = pack(results)['data_samples']
    assert data_sample.gt_instances.bboxes.numpy().tolist() == [
        [40, 40, 49, 49]
    ]
    assert data_sample.ignored_instances.bboxes.numpy().tolist() == [
        [10, 10, 30, 30]
    ]


def test_the_image_must_have_the_recorded_size():
    results = make_results([], (0, 0, 64, 64))
    results['width'] = 99
    with pytest.raises(ValueError, match=r'a\.png is 100 x 80 .* has 99 x 80'):
        CropChip(CHIP_SIZE)(results)


def test_the_image_is_left_alone():
    results = make_results([(1, 1, 9, 9)], (0, 0, 64, 64))
    image = results['img'].copy()
    original = results['img']
    CropChip(CHIP_SIZE)(results)['img'][:] = 0
    np.testing.assert_array_equal(original, image)


@pytest.mark.parametrize('min_visible', [0, -1, 1.5])
def test_arguments_are_checked(min_visible):
    with pytest.raises(ValueError, match=f'got {min_visible}'):
        CropChip(CHIP_SIZE, min_visible=min_visible)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 80),
            st.integers(0, 60),
            st.integers(1, 60),
            st.integers(1, 60),
        ),
        max_size=6,
    ),
    scenes(),
    st.sampled_from(['horizontal', 'vertical', 'diagonal']),
    st.floats(0.5, 3),
)
def test_crop_flip_and_resize_round_trip(rows, scene, direction, again):
    _, window, resize = scene
    rows = [(x, y, min(w, 100 - x), min(h, 80 - y)) for x, y, w, h in rows]
    results = crop(rows, window, resize)
    before = results['gt_bboxes'].numpy().copy()
    flip = dict(type='mmdet.RandomFlip', prob=1.0, direction=direction)
    transforms = [
        TRANSFORMS.build(flip),
        TRANSFORMS.build(dict(type='mmdet.Resize', scale_factor=again)),
        TRANSFORMS.build(flip),
    ]
    side = results['img_shape'][0]
    for transform in transforms:
        results = transform(results)
    # Flipped twice, the boxes are where they were, so much larger.
    factor = np.array(results['img_shape'][::-1]) / side
    bboxes = results['gt_bboxes'].numpy()
    np.testing.assert_allclose(bboxes / np.tile(factor, 2), before, atol=1e-3)
    # And in the image they are what the window holds of the objects.
    x1, y1, x2, y2 = window
    back = before / resize + (x1, y1, x1, y1)
    expected = np.array(
        [
            (max(x, x1), max(y, y1), min(x + w, x2), min(y + h, y2))
            for x, y, w, h in rows
            if x < x2 and y < y2 and x + w > x1 and y + h > y1
        ]
    ).reshape(-1, 4)
    np.testing.assert_allclose(back, expected, atol=1e-3)
