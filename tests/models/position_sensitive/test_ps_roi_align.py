import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mmcv.ops import roi_align
from mmdet.registry import MODELS

from mmhcm.models.position_sensitive import PSRoIAlign, ps_roi_align


def random_rois(rng, num, num_images):
    """Regions (num, 5), from 4 pixels on, some of them outside the map."""
    corner = rng.uniform(-8, 50, (num, 2))
    wh = rng.uniform(4, 40, (num, 2))
    image = rng.integers(0, num_images, (num, 1))
    rows = np.concatenate([image, corner, corner + wh], axis=1)
    return torch.tensor(rows, dtype=torch.float32)


def dense_diagonal(feats, rois, height, width, pool_mode):
    """RoIAlign of all channels in all bins, of which one each is taken."""
    pooled = roi_align(
        feats.contiguous(), rois, (height, width), 0.25, 2, pool_mode, True
    )
    pooled = pooled.unflatten(1, (-1, height, width))  # (n, C, h, w, h, w)
    rows = [
        torch.stack([pooled[:, :, i, j, i, j] for j in range(width)], dim=-1)
        for i in range(height)
    ]
    return torch.stack(rows, dim=-2)


@pytest.mark.parametrize('pool_mode', ['avg', 'max'])
@settings(max_examples=20)
@given(seed=st.integers(0, 10_000), num=st.integers(1, 9))
def test_equals_the_diagonal_of_a_dense_roi_align(pool_mode, seed, num):
    rng = np.random.default_rng(seed)
    feats = torch.tensor(rng.normal(size=(2, 12, 9, 13)), dtype=torch.float32)
    rois = random_rois(rng, num, 2)
    grad = torch.tensor(rng.normal(size=(num, 2, 2, 3)), dtype=torch.float32)
    results = []
    for pool in (
        lambda x: dense_diagonal(x, rois, 2, 3, pool_mode),
        lambda x: ps_roi_align(x, rois, (2, 3), 0.25, 2, pool_mode),
    ):
        taken = feats.clone().requires_grad_()
        pooled = pool(taken)
        pooled.backward(grad)
        results.append((pooled.detach(), taken.grad))
    for expected, got in zip(*results, strict=True):
        torch.testing.assert_close(got, expected, rtol=0, atol=1e-5)


def test_bins_read_their_own_channels_row_by_row():
    # Channel c * 4 + i * 2 + j holds its own number, plus 100 where the bin
    # of row i and column j lies.
    feats = torch.arange(8.0).reshape(1, 8, 1, 1).repeat(1, 1, 8, 8)
    for bin_ind in range(4):
        top, left = 4 * (bin_ind // 2), 4 * (bin_ind % 2)
        feats[0, bin_ind::4, top : top + 4, left : left + 4] += 100
    # Samples stay inside of each bin, a pixel from its borders.
    pooled = ps_roi_align(
        feats, torch.tensor([[0.0, 0, 0, 8, 8]]), (2, 2), sampling_ratio=2
    )
    assert pooled.tolist() == [
        [[[100, 101], [102, 103]], [[104, 105], [106, 107]]]
    ]


def test_gradient_is_that_of_differences():
    rng = np.random.default_rng(0)
    feats = torch.tensor(rng.normal(size=(2, 4, 5, 6)), requires_grad=True)
    rois = random_rois(rng, 3, 2).double()
    for mode in ('avg', 'max'):
        assert torch.autograd.gradcheck(
            lambda x, mode=mode: ps_roi_align(x, rois, (2, 2), 0.2, 2, mode),
            feats,
        )


def test_memory_format_makes_no_difference():
    rng = np.random.default_rng(1)
    feats = torch.tensor(rng.normal(size=(2, 18, 7, 8)), dtype=torch.float32)
    rois = random_rois(rng, 5, 2)
    last = feats.to(memory_format=torch.channels_last)
    pooled = (ps_roi_align(x, rois, (3, 3), 0.25) for x in (feats, last))
    assert torch.equal(*pooled)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_finds_image_and_place(dtype):
    # Bin 48 of image 9 is number 489, which bfloat16 cannot hold.
    feats = torch.arange(10.0).reshape(10, 1, 1, 1).repeat(1, 49, 4, 4)
    rois = torch.tensor([[9.0, 0, 0, 16, 16], [5, 3, 2, 9, 8]])
    pooled = ps_roi_align(feats.to(dtype), rois, (7, 7), 0.25)
    assert pooled.dtype == dtype
    assert (pooled[0] == 9).all()
    assert (pooled[1] == 5).all()


def test_no_regions_have_a_shape_and_a_gradient():
    feats = torch.ones(2, 18, 4, 4, requires_grad=True)
    pooled = PSRoIAlign((3, 2))(feats, torch.zeros(0, 5))
    assert pooled.shape == (0, 3, 3, 2)
    pooled.sum().backward()
    assert (feats.grad == 0).all()


def test_arguments_are_checked():
    with pytest.raises(ValueError, match='10 channels do not divide into 3'):
        ps_roi_align(torch.ones(1, 10, 2, 2), torch.zeros(1, 5), (3, 3))
    with pytest.raises(ValueError, match='pool_mode must be one of'):
        PSRoIAlign(7, pool_mode='mean')
    cfg = dict(
        type='PSRoIExtractor',
        roi_layer=dict(type='PSRoIAlign', output_size=7),
        out_channels=10,
        featmap_strides=[8, 16],
    )
    with pytest.raises(ValueError, match='featmap_strides must have one'):
        MODELS.build(cfg)


def test_extractor_pools_the_first_map():
    extractor = MODELS.build(
        dict(
            type='PSRoIExtractor',
            roi_layer=dict(type='PSRoIAlign', output_size=2),
            out_channels=3,
            featmap_strides=[4],
        )
    )
    assert extractor.num_inputs == 1
    feats = torch.randn(1, 12, 6, 6), torch.zeros(1, 5, 6, 6)
    roi = torch.tensor([[0, 4.0, 4, 12, 12]])
    large = torch.tensor([[0, 0.0, 0, 16, 16]])
    expected = ps_roi_align(feats[0], large, (2, 2), 0.25)
    assert torch.equal(extractor(feats, roi, roi_scale_factor=2.0), expected)
    assert torch.equal(extractor(feats, large), expected)
