"""Stand-ins for mmcv's deformable convolutions.

Dai et al., ICCV 2017, and, with weights of samples, Zhu et al., CVPR 2019.
"""

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from .backend import uses_torchvision


class _Geometry(NamedTuple):
    """Steps of a convolution, each as (vertical, horizontal)."""

    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]
    #: Groups of channels that share no weights.
    groups: int
    #: Groups of channels that share offsets.
    offset_groups: int


class _Operands(NamedTuple):
    """Tensors of a convolution; the last two are optional."""

    #: (B, C, H, W)
    feats: Tensor
    #: (O, C / groups, height, width)
    weight: Tensor
    #: (B, offset_groups * height * width * 2, H', W'), y before x.
    offset: Tensor
    #: (B, offset_groups * height * width, H', W')
    mask: Tensor | None = None
    #: (O,)
    bias: Tensor | None = None


def deform_conv_forward(
    feats: Tensor,
    weight: Tensor,
    offset: Tensor,
    output: Tensor,
    columns: Tensor,
    ones: Tensor,
    **options: Any,
) -> None:
    """Convolve at shifted positions.

    Args:
        feats: (B, C, H, W).
        weight: (O, C / groups, height, width).
        offset: (B, offset groups * height * width * 2, H', W'), y before x.
        output: (B, O, H', W'), filled.
        columns: Not used.
        ones: Not used.
        options: Kernel size, stride, padding, dilation and groups, by mmcv's
            names.
    """
    operands = _Operands(feats, weight, offset)
    output.copy_(_convolve(operands, _geometry(options)))


def deform_conv_backward_input(
    feats: Tensor,
    offset: Tensor,
    grad_output: Tensor,
    grad_input: Tensor,
    grad_offset: Tensor,
    weight: Tensor,
    columns: Tensor,
    **options: Any,
) -> None:
    """Compute the gradients with respect to features and offsets.

    Args:
        feats: As in ``deform_conv_forward``.
        offset: As in ``deform_conv_forward``.
        grad_output: Gradient with respect to the output.
        grad_input: Shaped as ``feats``, filled.
        grad_offset: Shaped as ``offset``, filled.
        weight: As in ``deform_conv_forward``.
        columns: Not used.
        options: As in ``deform_conv_forward``.
    """
    _fill_gradients(
        _Operands(feats, weight, offset),
        {'feats': grad_input, 'offset': grad_offset},
        grad_output,
        _geometry(options),
    )


def deform_conv_backward_parameters(
    feats: Tensor,
    offset: Tensor,
    grad_output: Tensor,
    grad_weight: Tensor,
    columns: Tensor,
    ones: Tensor,
    **options: Any,
) -> None:
    """Compute the gradient with respect to the weights.

    Args:
        feats: As in ``deform_conv_forward``.
        offset: As in ``deform_conv_forward``.
        grad_output: Gradient with respect to the output.
        grad_weight: Shaped as the weights, filled.
        columns: Not used.
        ones: Not used.
        options: As in ``deform_conv_forward``; the factor ``scale`` is 1 in
            mmcv.
    """
    _fill_gradients(
        # The output is linear in the weights.
        _Operands(feats, torch.zeros_like(grad_weight), offset),
        {'weight': grad_weight},
        grad_output,
        _geometry(options),
    )


def modulated_deform_conv_forward(
    feats: Tensor,
    weight: Tensor,
    bias: Tensor,
    ones: Tensor,
    offset: Tensor,
    mask: Tensor,
    output: Tensor,
    columns: Tensor,
    with_bias: bool,
    **options: Any,
) -> None:
    """Convolve at shifted positions, with a weight for each position.

    Args:
        feats: As in ``deform_conv_forward``.
        weight: As in ``deform_conv_forward``.
        bias: (O,), or empty.
        ones: Not used.
        offset: As in ``deform_conv_forward``.
        mask: (B, offset groups * height * width, H', W').
        output: (B, O, H', W'), filled.
        columns: Not used.
        with_bias: Add the bias.
        options: As in ``deform_conv_forward``.
    """
    operands = _Operands(
        feats, weight, offset, mask, bias if with_bias else None
    )
    output.copy_(_convolve(operands, _geometry(options)))


def modulated_deform_conv_backward(
    feats: Tensor,
    weight: Tensor,
    bias: Tensor,
    ones: Tensor,
    offset: Tensor,
    mask: Tensor,
    columns: Tensor,
    grad_input: Tensor,
    grad_weight: Tensor,
    grad_bias: Tensor,
    grad_offset: Tensor,
    grad_mask: Tensor,
    grad_output: Tensor,
    with_bias: bool,
    **options: Any,
) -> None:
    """Compute the gradients with respect to all operands.

    Args:
        feats: As in ``modulated_deform_conv_forward``.
        weight: As in ``modulated_deform_conv_forward``.
        bias: As in ``modulated_deform_conv_forward``.
        ones: As in ``modulated_deform_conv_forward``.
        offset: As in ``modulated_deform_conv_forward``.
        mask: As in ``modulated_deform_conv_forward``.
        columns: As in ``modulated_deform_conv_forward``.
        grad_input: Shaped as ``feats``, filled.
        grad_weight: Shaped as ``weight``, filled.
        grad_bias: Shaped as ``bias``, filled.
        grad_offset: Shaped as ``offset``, filled.
        grad_mask: Shaped as ``mask``, filled.
        grad_output: Gradient with respect to the output.
        with_bias: As in ``modulated_deform_conv_forward``.
        options: As in ``modulated_deform_conv_forward``.
    """
    targets = {
        'feats': grad_input,
        'weight': grad_weight,
        'offset': grad_offset,
        'mask': grad_mask,
    }
    if with_bias:
        targets['bias'] = grad_bias
    _fill_gradients(
        _Operands(feats, weight, offset, mask, bias if with_bias else None),
        targets,
        grad_output,
        _geometry(options),
    )


def _geometry(options: dict[str, Any]) -> _Geometry:
    """Read options by mmcv's names, which differ between the operators."""
    names = ['dH', 'dW', 'padH', 'padW', 'dilationH', 'dilationW']
    if 'dH' not in options:
        names = ['stride_h', 'stride_w', 'pad_h', 'pad_w']
        names += ['dilation_h', 'dilation_w']
    steps = [options[name] for name in names]
    return _Geometry(
        (steps[0], steps[1]),
        (steps[2], steps[3]),
        (steps[4], steps[5]),
        options['group'],
        options['deformable_group'],
    )


def _fill_gradients(
    operands: _Operands,
    targets: dict[str, Tensor],
    grad_output: Tensor,
    geometry: _Geometry,
) -> None:
    """Fill the targets with the gradients of the operands, by name."""
    with torch.enable_grad():
        leaves = {
            name: getattr(operands, name).detach().requires_grad_()
            for name in targets
        }
        output = _convolve(operands._replace(**leaves), geometry)
    grads = torch.autograd.grad(output, [*leaves.values()], grad_output)
    for target, grad in zip(targets.values(), grads, strict=True):
        target.copy_(grad)


def _convolve(operands: _Operands, geometry: _Geometry) -> Tensor:
    """Convolve by torchvision or by PyTorch: (B, O, H', W')."""
    if uses_torchvision(operands.feats.device.type):
        return _convolve_by_torchvision(operands, geometry)
    weight, bias = operands.weight, operands.bias
    columns = _sample(operands, geometry)
    batch, groups = len(columns), geometry.groups
    out_shape = operands.offset.shape[2:]
    # (groups, O / groups, k) by (B, groups, k, H' * W')
    output = weight.reshape(
        groups, len(weight) // groups, -1
    ) @ columns.reshape(batch, groups, -1, out_shape.numel())
    output = output.reshape(batch, len(weight), *out_shape)
    return output if bias is None else output + bias[:, None, None]


def _convolve_by_torchvision(
    operands: _Operands, geometry: _Geometry
) -> Tensor:
    feats, weight, offset, mask, bias = operands
    return torch.ops.torchvision.deform_conv2d(
        feats,
        weight,
        offset,
        feats.new_zeros(len(feats), 1) if mask is None else mask,
        weight.new_zeros(len(weight)) if bias is None else bias,
        *geometry.stride,
        *geometry.padding,
        *geometry.dilation,
        geometry.groups,
        geometry.offset_groups,
        mask is not None,
    )


def _sample(operands: _Operands, geometry: _Geometry) -> Tensor:
    """Sample the features of each kernel position: (B, C, k, H', W')."""
    feats, weight, offset, mask, _ = operands
    batch, channels, height, width = feats.shape
    groups = geometry.offset_groups
    out_h, out_w = offset.shape[2:]
    kernel = weight.shape[2:]
    shifts = offset.reshape(batch * groups, -1, 2, out_h, out_w)
    axes = [
        _positions(axis, out, kernel, geometry).to(shifts)
        for axis, out in enumerate((out_h, out_w))
    ]
    y = shifts[:, :, 0] + axes[0][:, :, None]  # (B * groups, k, H', W')
    x = shifts[:, :, 1] + axes[1][:, None, :]
    grid = torch.stack(
        [(2 * x + 1) / width - 1, (2 * y + 1) / height - 1], dim=-1
    )
    sampled = F.grid_sample(
        feats.reshape(batch * groups, -1, height, width),
        grid.flatten(1, 2),
        align_corners=False,
    )
    sampled = sampled.reshape(batch, groups, -1, kernel.numel(), out_h, out_w)
    if mask is not None:
        sampled = sampled * mask.reshape(batch, groups, 1, -1, out_h, out_w)
    return sampled.reshape(batch, channels, -1, out_h, out_w)


def _positions(
    axis: int, num: int, kernel: torch.Size, geometry: _Geometry
) -> Tensor:
    """Compute unshifted positions (k, num) along an axis, in pixels."""
    starts = torch.arange(num) * geometry.stride[axis] - geometry.padding[axis]
    taps = torch.arange(kernel[axis]) * geometry.dilation[axis]
    shape = [1, 1]
    shape[axis] = kernel[axis]
    taps = taps.reshape(shape).expand(kernel).flatten()
    return taps[:, None] + starts
