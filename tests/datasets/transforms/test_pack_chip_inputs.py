import numpy as np
import pytest
import torch
from mmdet.datasets.transforms import PackDetInputs
from mmdet.structures.bbox import HorizontalBoxes

from mmhcm.datasets import PackChipInputs

VIEWS = {
    'plain': lambda img: img,
    'mirrored': lambda img: img[:, ::-1],
    'upside down': lambda img: img[::-1],
    'turned': lambda img: img[::-1, ::-1],
    'cut': lambda img: img[2:9, 3:11],
    'transposed': lambda img: img.transpose(1, 0, 2),
    'one channel': lambda img: img[..., :1].copy(),
    'grey': lambda img: img[..., 0],
    'float': lambda img: img.astype(np.float32),
}


@pytest.mark.parametrize('view', VIEWS.values(), ids=list(VIEWS))
def test_same_as_the_base_class(view):
    rng = np.random.default_rng(0)
    img = view(rng.integers(0, 256, (12, 20, 3), dtype=np.uint8))
    before = img.copy()
    results = {
        'img': img,
        'img_id': 7,
        'gt_bboxes': HorizontalBoxes([[1, 2, 3, 4], [5, 6, 7, 8]]),
        'gt_bboxes_labels': np.array([1, 2]),
        'gt_ignore_flags': np.array([False, True]),
    }
    packed, expected = (
        kind(meta_keys=('img_id',))(dict(results))
        for kind in (PackChipInputs, PackDetInputs)
    )
    assert torch.equal(packed['inputs'], expected['inputs'])
    assert packed['inputs'].is_contiguous()
    assert packed['inputs'].dtype == expected['inputs'].dtype
    samples = packed['data_samples'], expected['data_samples']
    for name in ('gt_instances', 'ignored_instances'):
        mine, others = (getattr(sample, name) for sample in samples)
        assert torch.equal(mine.labels, others.labels)
        assert torch.equal(mine.bboxes.tensor, others.bboxes.tensor)
    np.testing.assert_array_equal(img, before)


def test_without_an_image():
    packed = PackChipInputs(meta_keys=('img_id',))({'img_id': 3})
    assert 'inputs' not in packed
