"""Stand-ins for mmcv's RoIAlign."""

import torch
from torch import Tensor

from .backend import refuse, uses_torchvision
from .bag_roi_align import Grid, pool_regions, spread_gradient

# mmcv's number of pool_mode='avg'.
_MEAN = 1


def roi_align_forward(
    feats: Tensor,
    rois: Tensor,
    output: Tensor,
    argmax_y: Tensor,
    argmax_x: Tensor,
    aligned_height: int,
    aligned_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    pool_mode: int,
    aligned: bool,
) -> None:
    """Pool the features of regions into ``output``.

    Args:
        feats: (B, C, H, W).
        rois: (n, 5): image index, x1, y1, x2, y2 in input pixels.
        output: (n, C, aligned_height, aligned_width), filled.
        argmax_y: Not used: maxima have no stand-in.
        argmax_x: Not used.
        aligned_height: Output cells along y.
        aligned_width: Output cells along x.
        spatial_scale: Feature map pixels per input pixel.
        sampling_ratio: Samples along each axis of a cell; 0 for one per
            feature map pixel.
        pool_mode: 0 for the maximum of the samples, 1 for their mean.
        aligned: Shift the samples by half a pixel.

    Raises:
        ImportError: If ``pool_mode`` is 0.
    """
    _check_mode(pool_mode)
    rois = rois.to(feats.dtype)
    size = aligned_height, aligned_width
    if uses_torchvision(feats.device.type):
        pooled = torch.ops.torchvision.roi_align(
            feats, rois, spatial_scale, *size, sampling_ratio, aligned
        )
    else:
        grid = Grid(size, spatial_scale, sampling_ratio, aligned)
        pooled = pool_regions(feats, rois, grid)
    output.copy_(pooled)


def roi_align_backward(
    grad_output: Tensor,
    rois: Tensor,
    argmax_y: Tensor,
    argmax_x: Tensor,
    grad_input: Tensor,
    aligned_height: int,
    aligned_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    pool_mode: int,
    aligned: bool,
) -> None:
    """Compute the gradient with respect to the features.

    Args:
        grad_output: Gradient with respect to the output.
        rois: As in ``roi_align_forward``.
        argmax_y: Not used.
        argmax_x: Not used.
        grad_input: (B, C, H, W), filled.
        aligned_height: As in ``roi_align_forward``, as the rest.
        aligned_width: See there.
        spatial_scale: See there.
        sampling_ratio: See there.
        pool_mode: See there.
        aligned: See there.
    """
    _check_mode(pool_mode)
    rois = rois.to(grad_output.dtype)
    size = aligned_height, aligned_width
    if uses_torchvision(grad_output.device.type):
        grad = torch.ops.torchvision._roi_align_backward(
            grad_output,
            rois,
            spatial_scale,
            *size,
            *grad_input.shape,
            sampling_ratio,
            aligned,
        )
        grad_input.copy_(grad)
        return
    grid = Grid(size, spatial_scale, sampling_ratio, aligned)
    spread_gradient(grad_output, rois, grid, grad_input)


def _check_mode(pool_mode: int) -> None:
    if pool_mode != _MEAN:
        refuse("roi_align with pool_mode='max'")
