import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhcm.ops import bag_roi_align
from mmhcm.ops.bag_roi_align import BagRoIAlign, Grid, pool_regions
from tests.support.operators import random_rois, slow_roi_align


@pytest.mark.parametrize('channels_last', [False, True])
@pytest.mark.parametrize('sampling_ratio', [0, 2])
@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), num=st.integers(0, 5))
def test_equals_slow_reference(sampling_ratio, channels_last, seed, num):
    rng = np.random.default_rng(seed)
    feats = torch.tensor(rng.normal(size=(2, 5, 12, 17)), dtype=torch.float32)
    rois = random_rois(rng, num, 60)
    grad = torch.tensor(rng.normal(size=(num, 5, 3, 4)), dtype=torch.float32)
    results = []
    for layer in (
        lambda *args: slow_roi_align(*args, (3, 4), 0.25, sampling_ratio),
        BagRoIAlign((3, 4), 0.25, sampling_ratio),
    ):
        taken = feats.clone()
        if channels_last and isinstance(layer, BagRoIAlign):
            taken = taken.contiguous(memory_format=torch.channels_last)
        taken.requires_grad_()
        pooled = layer(taken, rois)
        # Without regions, the reference depends on nothing.
        pooled = pooled + 0 * taken.sum()
        (gradient,) = torch.autograd.grad(pooled, taken, grad)
        results.append((pooled.detach(), gradient))
    for expected, got in zip(*results, strict=True):
        assert got.shape == expected.shape
        torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize('channels_last', [False, True])
def test_gradient_keeps_memory_format(channels_last):
    layout = torch.channels_last if channels_last else torch.contiguous_format
    feats = torch.ones(1, 3, 8, 8).to(memory_format=layout).requires_grad_()
    rois = torch.tensor([[0.0, 0, 0, 16, 16]])
    pooled = BagRoIAlign(2, 0.25)(feats, rois)
    (gradient,) = torch.autograd.grad(pooled.sum(), feats)
    assert gradient.is_contiguous(memory_format=layout)


def test_unaligned_equals_slow_reference():
    rng = np.random.default_rng(0)
    feats = torch.tensor(rng.normal(size=(2, 3, 12, 17)), dtype=torch.float32)
    rois = random_rois(rng, 6, 60)
    got = pool_regions(feats, rois, Grid((2, 3), 0.25, 0, False))
    expected = slow_roi_align(feats, rois, (2, 3), 0.25, 0, aligned=False)
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-4)


def test_parts_equal_the_whole(monkeypatch):
    rng = np.random.default_rng(0)
    feats = torch.tensor(rng.normal(size=(2, 4, 40, 40)), dtype=torch.float32)
    feats.requires_grad_()
    rois = random_rois(rng, 30, 150)
    layer = BagRoIAlign(7, 0.25)
    whole = layer(feats, rois)
    weights = torch.linspace(0, 1, whole.numel()).reshape(whole.shape)
    (gradient,) = torch.autograd.grad(whole, feats, weights)
    monkeypatch.setattr(bag_roi_align, '_MAX_SAMPLES', 500)
    grid = Grid((7, 7), 0.25, 0, True)
    assert len([*bag_roi_align._find_bags(rois, feats.shape, grid)]) > 5
    parts = layer(feats, rois)
    torch.testing.assert_close(parts, whole)
    torch.testing.assert_close(
        torch.autograd.grad(parts, feats, weights)[0], gradient
    )
