import itertools

import numpy as np
import pytest
import torch
from mmcv.ops import (
    DeformConv2d,
    ModulatedDeformConv2d,
    deform_conv2d,
    modulated_deform_conv2d,
)

from mmhcm.ops import deform_conv


@pytest.fixture
def _stand_ins(backend_name, monkeypatch):
    """Let mmcv's modules call the stand-ins."""
    for kind in (DeformConv2d, ModulatedDeformConv2d):
        monkeypatch.setattr(f'{kind.__module__}.ext_module', deform_conv)


def _sample(feats, y, x):
    """Interpolate (C, H, W); pixels outside count as 0."""
    top, left = int(np.floor(y)), int(np.floor(x))
    total = 0
    for row, column in itertools.product((top, top + 1), (left, left + 1)):
        if 0 <= row < feats.shape[1] and 0 <= column < feats.shape[2]:
            share = (1 - abs(y - row)) * (1 - abs(x - column))
            total = total + feats[:, row, column] * share
    return total


def _slow(feats, offset, mask, weight, stride, padding, dilation, groups):
    """Deformable convolution by its definition, one image."""
    out_h, out_w = offset.shape[1:]
    num, per_group, kernel_h, kernel_w = weight.shape
    offset_groups = len(offset) // (2 * kernel_h * kernel_w)
    offset = offset.reshape(offset_groups, -1, 2, out_h, out_w)
    mask = mask.reshape(offset_groups, -1, out_h, out_w)
    channels = len(feats) // offset_groups
    output = torch.zeros(num, out_h, out_w)
    for row, column in itertools.product(range(out_h), range(out_w)):
        values = torch.zeros(len(feats), kernel_h, kernel_w)
        for group, j, i in itertools.product(
            range(offset_groups), range(kernel_h), range(kernel_w)
        ):
            k = j * kernel_w + i
            dy, dx = offset[group, k, :, row, column].tolist()
            some = slice(group * channels, (group + 1) * channels)
            values[some, j, i] = mask[group, k, row, column] * _sample(
                feats[some],
                row * stride - padding + j * dilation + dy,
                column * stride - padding + i * dilation + dx,
            )
        for out in range(num):
            first = out // (num // groups) * per_group
            output[out, row, column] = (
                weight[out] * values[first : first + per_group]
            ).sum()
    return output


@pytest.mark.usefixtures('_stand_ins')
@pytest.mark.parametrize('modulated', [False, True])
@pytest.mark.parametrize(
    ('stride', 'padding', 'dilation', 'groups', 'offset_groups'),
    [(1, 1, 1, 1, 1), (2, 2, 2, 2, 1), (1, 0, 1, 1, 2)],
)
def test_equals_slow_reference(
    stride, padding, dilation, groups, offset_groups, modulated
):
    rng = torch.Generator().manual_seed(0)
    feats = torch.randn(2, 4, 7, 6, generator=rng)
    weight = torch.randn(6, 4 // groups, 3, 2, generator=rng)
    out = [
        (n + 2 * padding - dilation * (k - 1) - 1) // stride + 1
        for n, k in ((7, 3), (6, 2))
    ]
    offset = 2 * torch.randn(2, 12 * offset_groups, *out, generator=rng)
    mask = torch.ones(2, 6 * offset_groups, *out)
    if modulated:
        mask = torch.rand(mask.shape, generator=rng)
        steps = (stride, padding, dilation, groups, offset_groups)
        got = modulated_deform_conv2d(
            feats, offset, mask, weight, torch.arange(6.0), *steps
        ) - torch.arange(6.0).reshape(-1, 1, 1)
    else:
        steps = (stride, padding, dilation, groups, offset_groups)
        got = deform_conv2d(feats, offset, weight, *steps)
    for i in range(2):
        expected = _slow(
            *(feats[i], offset[i], mask[i], weight),
            *(stride, padding, dilation, groups),
        )
        torch.testing.assert_close(got[i], expected, rtol=1e-4, atol=1e-4)


@pytest.mark.usefixtures('_stand_ins')
@pytest.mark.parametrize('modulated', [False, True])
def test_gradients_are_derivatives(modulated):
    rng = torch.Generator().manual_seed(1)

    def draw(*shape):
        values = torch.randn(*shape, generator=rng, dtype=torch.double)
        return values.requires_grad_()

    feats, weight = draw(2, 2, 4, 4), draw(2, 2, 2, 2)
    offset, mask, bias = draw(2, 8, 3, 3), draw(2, 4, 3, 3), draw(2)
    if modulated:
        arguments = (feats, offset, mask, weight, bias)
        function = modulated_deform_conv2d
    else:
        arguments = (feats, offset, weight)
        function = deform_conv2d
    assert torch.autograd.gradcheck(function, arguments)
