import numpy as np
import pytest
from mmdet.registry import TRANSFORMS
from mmdet.structures.bbox import HorizontalBoxes

from mmhcm.datasets import ResizeToScale

INF = float('inf')


def resize(transform, wh=(100, 80), bboxes=None):
    results = {
        'img': np.zeros((wh[1], wh[0], 3), dtype=np.uint8),
        'img_shape': (wh[1], wh[0]),
        'ori_shape': (wh[1], wh[0]),
    }
    if bboxes is not None:
        results['gt_bboxes'] = HorizontalBoxes(np.array(bboxes, np.float32))
    return transform(results)


@pytest.mark.parametrize(
    ('kwargs', 'shape'),
    [
        (dict(scale_factor=1.5), (120, 150)),
        (dict(scale_factor=0.5), (40, 50)),
        (dict(scale_factor=1.0), (80, 100)),
        (dict(chip_size=64, window=32), (160, 200)),
        (dict(chip_size=64, window=128), (40, 50)),
        # the whole image: its long side becomes the chip size
        (dict(chip_size=64), (51, 64)),
        (dict(scale_factor=4, max_side=200), (160, 200)),
        (dict(scale_factor=1.5, max_side=200), (120, 150)),
        (dict(chip_size=64, window=32, max_side=50), (40, 50)),
    ],
)
def test_size(kwargs, shape):
    results = resize(ResizeToScale(**kwargs))
    assert results['img'].shape == (*shape, 3)
    assert results['img_shape'] == shape
    assert results['ori_shape'] == (80, 100)
    # As measured, so that boxes go back exactly.
    width, height = shape[1] / 100, shape[0] / 80
    np.testing.assert_allclose(results['scale_factor'], (width, height))


def test_boxes_are_resized_with_the_image():
    results = resize(
        ResizeToScale(scale_factor=1.5), bboxes=[[10, 20, 30, 40]]
    )
    assert results['gt_bboxes'].numpy().tolist() == [[15, 30, 45, 60]]
    results = resize(ResizeToScale(scale_factor=2), bboxes=np.zeros((0, 4)))
    assert results['gt_bboxes'].shape == (0, 4)


def test_each_image_has_its_own_factor():
    transform = ResizeToScale(chip_size=50, max_side=500)
    for wh in [(100, 80), (20, 40), (100, 80)]:
        assert max(resize(transform, wh)['img_shape']) == 50


@pytest.mark.parametrize('valid_range', [(0, 16), [12, INF], None])
def test_the_valid_range_is_noted(valid_range):
    transform = ResizeToScale(scale_factor=1, valid_range=valid_range)
    results = resize(transform)
    if valid_range is None:
        assert 'valid_range' not in results
    else:
        assert results['valid_range'] == tuple(valid_range)
    pack = TRANSFORMS.build(
        dict(type='mmdet.PackDetInputs', meta_keys=('valid_range',))
    )
    meta = pack(results)['data_samples'].metainfo
    assert meta.get('valid_range') == results.get('valid_range')


@pytest.mark.parametrize(
    ('kwargs', 'fault'),
    [
        (dict(), 'give either .* got None and None'),
        (dict(scale_factor=1, chip_size=9), 'give either .* got 1 and 9'),
        (dict(scale_factor=0), 'scale_factor must be positive, got 0'),
        (dict(chip_size=-5), 'chip_size must be positive, got -5'),
        (dict(chip_size=5, window=0), 'window must be positive, got 0'),
        (dict(scale_factor=1, max_side=0), 'max_side must be positive, got 0'),
    ],
)
def test_arguments_are_checked(kwargs, fault):
    with pytest.raises(ValueError, match=fault):
        ResizeToScale(**kwargs)
