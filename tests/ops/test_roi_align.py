import numpy as np
import pytest
import torch

from mmhcm.ops import roi_align_backward, roi_align_forward
from tests.support.operators import random_rois, slow_roi_align


def _options(**options):
    return {
        'aligned_height': 3,
        'aligned_width': 2,
        'spatial_scale': 0.25,
        'sampling_ratio': 0,
        'pool_mode': 1,
        'aligned': True,
        **options,
    }


@pytest.mark.parametrize('aligned', [True, False])
@pytest.mark.parametrize('sampling_ratio', [0, 2, 'max'])
def test_equals_slow_reference(backend_name, sampling_ratio, aligned):
    is_max = sampling_ratio == 'max'
    rng = np.random.default_rng(3)
    feats = torch.tensor(rng.normal(size=(2, 4, 9, 13)), dtype=torch.float32)
    rois = random_rois(rng, 8, 48)
    options = _options(
        sampling_ratio=2 if is_max else sampling_ratio,
        pool_mode=int(not is_max),
        aligned=aligned,
    )
    output = torch.full((8, 4, 3, 2), torch.nan)
    none = torch.zeros(0)
    inds = torch.zeros(output.shape) if is_max else none
    roi_align_forward(feats, rois, output, inds, none, **options)

    feats.requires_grad_()
    if is_max:
        samples = slow_roi_align(feats, rois, (6, 4), 0.25, 1, aligned)
        expected = torch.nn.functional.max_pool2d(samples, 2)
    else:
        expected = slow_roi_align(
            feats, rois, (3, 2), 0.25, sampling_ratio, aligned
        )
    torch.testing.assert_close(output, expected, rtol=1e-4, atol=1e-4)

    grad = torch.tensor(rng.normal(size=output.shape), dtype=torch.float32)
    got = torch.zeros(feats.shape)
    roi_align_backward(grad, rois, inds, none, got, **options)
    (expected,) = torch.autograd.grad(expected, feats, grad)
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-4)


def test_maxima_of_any_number_of_samples_are_refused():
    none = torch.zeros(0)
    with pytest.raises(ImportError, match=r'sampling_ratio=0 has no stand-in'):
        roi_align_forward(
            *[torch.zeros(1, 1, 4, 4), torch.zeros(1, 5)],
            *[none, none, none],
            **_options(pool_mode=0),
        )
