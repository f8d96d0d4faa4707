"""Stand-ins against mmcv's compiled operators, through mmcv's functions."""

import sys

import numpy as np
import pytest
import torch
from mmcv.ops import (
    deform_conv2d,
    modulated_deform_conv2d,
    nms,
    roi_align,
    soft_nms,
)

from mmhcm.ops import ext
from tests.support.operators import (
    needs_compiled,
    random_bboxes,
    random_rois,
)

pytestmark = needs_compiled


@pytest.fixture
def both(backend_name, monkeypatch):
    """Run a function of mmcv with compiled operators and with stand-ins."""

    def run(function, *args, grad=None, **kwargs):
        results = []
        module = sys.modules[_module_of(function)]
        for operators in (module.ext_module, ext):
            with monkeypatch.context() as patch:
                patch.setattr(module, 'ext_module', operators)
                result = function(*args, **kwargs)
                if grad is not None:
                    leaves = [
                        x
                        for x in args
                        if torch.is_tensor(x) and x.requires_grad
                    ]
                    grads = torch.autograd.grad(result, leaves, grad)
                    result = (result.detach(), *grads)
            results.append(result)
        return results

    return run


def _module_of(function):
    if function in (nms, soft_nms):
        return 'mmcv.ops.nms'
    owner = getattr(function, '__self__', function)
    return owner.__module__


@pytest.mark.parametrize('offset', [0, 1])
@pytest.mark.parametrize('seed', range(5))
def test_nms_is_equal(both, seed, offset):
    rng = np.random.default_rng(seed)
    bboxes, scores = random_bboxes(rng, 300)
    # As batched_nms separates the classes.
    bboxes += torch.from_numpy(rng.integers(0, 10, (300, 1)) * 61.0).float()
    compiled, stand_in = both(nms, bboxes, scores, 0.5, offset)
    assert torch.equal(stand_in[1], compiled[1])
    assert torch.equal(stand_in[0], compiled[0])


@pytest.mark.parametrize('method', ['naive', 'linear', 'gaussian'])
@pytest.mark.parametrize('offset', [0, 1])
@pytest.mark.parametrize('seed', range(5))
def test_soft_nms_is_equal(both, seed, offset, method):
    bboxes, scores = random_bboxes(np.random.default_rng(seed), 200)
    compiled, stand_in = both(
        *(soft_nms, bboxes, scores),
        method=method,
        offset=offset,
        min_score=1e-3,
    )
    assert torch.equal(stand_in[1], compiled[1])
    torch.testing.assert_close(stand_in[0], compiled[0])


@pytest.mark.parametrize('aligned', [True, False])
@pytest.mark.parametrize(
    ('mode', 'sampling_ratio'), [('avg', 0), ('avg', 2), ('max', 2)]
)
@pytest.mark.parametrize('num', [0, 1, 60])
def test_roi_align_is_equal(
    both, backend_name, num, mode, sampling_ratio, aligned
):
    rng = np.random.default_rng(num)
    feats = torch.tensor(rng.normal(size=(2, 8, 25, 30)), dtype=torch.float32)
    feats.requires_grad_()
    rois = random_rois(rng, num, 100)
    grad = torch.tensor(rng.normal(size=(num, 8, 7, 7)), dtype=torch.float32)
    compiled, stand_in = both(
        *(roi_align, feats, rois, 7, 0.25, sampling_ratio, mode, aligned),
        grad=grad,
    )
    tolerance = 1e-6 if backend_name == 'torchvision' else 3e-4
    for expected, got in zip(compiled, stand_in, strict=True):
        torch.testing.assert_close(got, expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize('modulated', [False, True])
@pytest.mark.parametrize(
    ('stride', 'dilation', 'groups', 'offset_groups'),
    [(1, 1, 1, 1), (2, 1, 1, 4), (1, 2, 2, 2)],
)
def test_deform_conv_is_equal(
    both, stride, dilation, groups, offset_groups, modulated
):
    rng = torch.Generator().manual_seed(0)

    def draw(*shape):
        return torch.randn(*shape, generator=rng).requires_grad_()

    feats, weight = draw(2, 8, 12, 11), draw(8, 8 // groups, 3, 3)
    out = [(n - 1) // stride + 1 for n in (12, 11)]
    offset = draw(2, 18 * offset_groups, *out)
    mask, bias = draw(2, 9 * offset_groups, *out), draw(8)
    steps = (stride, dilation, dilation, groups, offset_groups)
    grad = torch.randn(2, 8, *out, generator=rng)
    if modulated:
        results = both(
            modulated_deform_conv2d,
            *(feats, offset, mask, weight, bias, *steps),
            grad=grad,
        )
    else:
        results = both(
            deform_conv2d, *(feats, offset, weight, *steps), grad=grad
        )
    for expected, got in zip(*results, strict=True):
        torch.testing.assert_close(got, expected, rtol=1e-3, atol=1e-3)
