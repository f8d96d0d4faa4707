import numpy as np
import torch
from mmdet.registry import TRANSFORMS

from mmhcm.datasets.transforms import PackImage


def test_pixels_are_not_copied():
    img = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    results = dict(img=img, img_id='a', ori_shape=(2, 4), other=1)
    packed = TRANSFORMS.build(dict(type='PackImage'))(results)
    inputs = packed['inputs']
    assert inputs.shape == (3, 2, 4)
    assert inputs.dtype == torch.uint8
    assert np.shares_memory(inputs.numpy(), img)
    np.testing.assert_array_equal(inputs.permute(1, 2, 0).numpy(), img)
    assert packed['data_samples'].metainfo == dict(
        img_id='a', ori_shape=(2, 4)
    )


def test_meta_keys_can_be_chosen():
    pack = PackImage(meta_keys=['other', 'absent'])
    img = np.zeros((1, 1, 3), dtype=np.uint8)
    packed = pack(dict(img=img, other=1, img_id='a'))
    assert packed['data_samples'].metainfo == dict(other=1)
    assert repr(pack) == "PackImage(meta_keys=('other', 'absent'))"
