import copy

import numpy as np
import pytest
import torch
from mmcv.transforms import TestTimeAug as CopyingViews

from mmhcm.datasets import ViewsOfImage

TRANSFORMS = [
    [
        dict(type='ResizeToScale', scale_factor=factor, valid_range=(0, 9))
        for factor in (0.5, 1.0, 2.0)
    ],
    [dict(type='RandomFlip', prob=prob) for prob in (0.0, 1.0)],
    [
        dict(
            type='PackChipInputs',
            meta_keys=('scale_factor', 'valid_range', 'flip', 'instances'),
        )
    ],
]


def make_results():
    rng = np.random.default_rng(0)
    img = rng.integers(0, 256, (30, 40, 3), dtype=np.uint8)
    return {
        'img': img,
        'img_shape': img.shape[:2],
        'instances': [{'bbox': [1, 2, 3, 4], 'bbox_label': 5}],
    }


def test_views_are_those_of_the_base_class():
    results = make_results()
    before = copy.deepcopy(results)
    views = ViewsOfImage(copy.deepcopy(TRANSFORMS))(results)
    expected = CopyingViews(copy.deepcopy(TRANSFORMS))(make_results())
    assert set(views) == set(expected) == {'inputs', 'data_samples'}
    assert len(views['inputs']) == 6
    for one, other in zip(views['inputs'], expected['inputs'], strict=True):
        assert torch.equal(one, other)
    for one, other in zip(
        views['data_samples'], expected['data_samples'], strict=True
    ):
        assert one.metainfo == other.metainfo
    np.testing.assert_array_equal(results['img'], before['img'])
    assert results['instances'] == before['instances']


def test_a_view_must_be_a_dict():
    with pytest.raises(TypeError, match='a view must be a dict'):
        ViewsOfImage([[lambda results: None]])(make_results())
