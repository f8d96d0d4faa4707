import numpy as np
import torch
from mmdet.registry import MODELS

import mmhcm.models  # noqa: F401
from tests.support.operators import random_rois


def test_extractor_is_a_single_roi_extractor():
    config = {
        'roi_layer': {
            'type': 'RoIAlign',
            'output_size': 7,
            'sampling_ratio': 0,
        },
        'out_channels': 6,
        'featmap_strides': [4, 8],
    }
    rng = np.random.default_rng(1)
    feats = tuple(
        torch.tensor(rng.normal(size=(2, 6, s, s)), dtype=torch.float32)
        for s in (32, 16)
    )
    rois = random_rois(rng, 20, 120)
    expected, got = (
        MODELS.build({'type': name, **config})(feats, rois)
        for name in ('mmdet.SingleRoIExtractor', 'mmdet.BagRoIExtractor')
    )
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-4)
