import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mmcv.ops import RoIAlign
from mmdet.registry import MODELS

import mmhcm.models  # noqa: F401
from mmhcm.models import bag_roi_extractor
from mmhcm.models.bag_roi_extractor import BagRoIAlign


def random_rois(rng: np.random.Generator, num: int, side: float):
    """Regions (num, 5) of two images, some of them outside the map."""
    corner = rng.uniform(-0.3 * side, 1.1 * side, (num, 2))
    wh = rng.uniform(0, side, (num, 2)) ** rng.choice([0.3, 1.0], (num, 1))
    image = rng.integers(0, 2, (num, 1))
    return torch.tensor(
        np.concatenate([image, corner, corner + wh], 1), dtype=torch.float32
    )


@pytest.mark.parametrize('channels_last', [False, True])
@pytest.mark.parametrize('sampling_ratio', [0, 2])
@given(seed=st.integers(0, 10_000), num=st.integers(0, 12))
def test_equals_roi_align(sampling_ratio, channels_last, seed, num):
    rng = np.random.default_rng(seed)
    feats = torch.tensor(rng.normal(size=(2, 5, 12, 17)), dtype=torch.float32)
    rois = random_rois(rng, num, 60)
    grad = torch.tensor(rng.normal(size=(num, 5, 3, 4)), dtype=torch.float32)
    results = []
    for layer in (
        RoIAlign((3, 4), 0.25, sampling_ratio),
        BagRoIAlign((3, 4), 0.25, sampling_ratio),
    ):
        taken = feats.clone()
        if channels_last and isinstance(layer, BagRoIAlign):
            taken = taken.contiguous(memory_format=torch.channels_last)
        taken.requires_grad_()
        pooled = layer(taken, rois)
        pooled.backward(grad)
        results.append((pooled.detach(), taken.grad))
    for expected, got in zip(*results, strict=True):
        assert got.shape == expected.shape
        torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-4)


def test_pieces_equal_the_whole(monkeypatch):
    rng = np.random.default_rng(0)
    feats = torch.tensor(rng.normal(size=(2, 4, 40, 40)), dtype=torch.float32)
    rois = random_rois(rng, 30, 150)
    layer = BagRoIAlign(7, 0.25)
    whole = layer(feats, rois)
    monkeypatch.setattr(bag_roi_extractor, '_MAX_SAMPLES', 500)
    assert len(layer._split(rois)) > 5
    torch.testing.assert_close(layer(feats, rois), whole)


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
