import torch
from mmcv.ops.multi_scale_deform_attn import (
    MultiScaleDeformableAttnFunction,
    multi_scale_deformable_attn_pytorch,
)

from mmhcm.ops import deform_attention


def test_equals_mmcvs_module_on_cpus(monkeypatch):
    monkeypatch.setattr(
        'mmcv.ops.multi_scale_deform_attn.ext_module', deform_attention
    )
    rng = torch.Generator().manual_seed(0)
    shapes = torch.tensor([[4, 5], [2, 3]])
    leaves = [
        torch.rand(*shape, generator=rng).requires_grad_()
        for shape in [(2, 26, 2, 3), (2, 7, 2, 2, 4, 2), (2, 7, 2, 2, 4)]
    ]
    value, places, weights = leaves
    got = MultiScaleDeformableAttnFunction.apply(
        value, shapes, torch.tensor([0, 20]), places, weights, 64
    )
    expected = multi_scale_deformable_attn_pytorch(
        value, shapes, places, weights
    )
    torch.testing.assert_close(got, expected)
    grad = torch.rand(got.shape, generator=rng)
    for one, two in zip(
        torch.autograd.grad(got, leaves, grad),
        torch.autograd.grad(expected, leaves, grad),
        strict=True,
    ):
        torch.testing.assert_close(one, two)
