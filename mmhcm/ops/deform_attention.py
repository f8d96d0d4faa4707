"""Stand-ins for mmcv's multi-scale deformable attention on GPUs.

Zhu et al., ICLR 2021. On CPUs, mmcv itself computes the attention in PyTorch.
"""

import torch
from torch import Tensor


def ms_deform_attn_forward(
    value: Tensor,
    spatial_shapes: Tensor,
    level_start_index: Tensor,
    sampling_locations: Tensor,
    attention_weights: Tensor,
    im2col_step: int,
) -> Tensor:
    """Sum sampled values, weighted by attention.

    Args:
        value: (B, num_keys, num_heads, C).
        spatial_shapes: (num_levels, 2), height and width.
        level_start_index: Not used, because levels are consecutive.
        sampling_locations: (B, num_queries, num_heads, num_levels,
            num_points, 2), x and y from 0 to 1.
        attention_weights: (B, num_queries, num_heads, num_levels,
            num_points).
        im2col_step: Not used.

    Returns:
        (B, num_queries, num_heads * C).
    """
    # Imported here, because this mmcv module imports the operators.
    from mmcv.ops.multi_scale_deform_attn import (
        multi_scale_deformable_attn_pytorch,
    )

    return multi_scale_deformable_attn_pytorch(
        value, spatial_shapes, sampling_locations, attention_weights
    )


def ms_deform_attn_backward(
    value: Tensor,
    spatial_shapes: Tensor,
    level_start_index: Tensor,
    sampling_locations: Tensor,
    attention_weights: Tensor,
    grad_output: Tensor,
    grad_value: Tensor,
    grad_sampling_loc: Tensor,
    grad_attn_weight: Tensor,
    im2col_step: int,
) -> None:
    """Compute the gradients with respect to values, locations and weights.

    Args:
        value: As in ``ms_deform_attn_forward``.
        spatial_shapes: As in ``ms_deform_attn_forward``.
        level_start_index: As in ``ms_deform_attn_forward``.
        sampling_locations: As in ``ms_deform_attn_forward``.
        attention_weights: As in ``ms_deform_attn_forward``.
        grad_output: Gradient with respect to the output.
        grad_value: Shaped as ``value``, filled.
        grad_sampling_loc: Shaped as ``sampling_locations``, filled.
        grad_attn_weight: Shaped as ``attention_weights``, filled.
        im2col_step: As in ``ms_deform_attn_forward``.
    """
    with torch.enable_grad():
        leaves = [
            tensor.detach().requires_grad_()
            for tensor in (value, sampling_locations, attention_weights)
        ]
        output = ms_deform_attn_forward(
            leaves[0],
            spatial_shapes,
            level_start_index,
            leaves[1],
            leaves[2],
            im2col_step,
        )
    grads = torch.autograd.grad(output, leaves, grad_output)
    targets = grad_value, grad_sampling_loc, grad_attn_weight
    for target, grad in zip(targets, grads, strict=True):
        target.copy_(grad)
