"""Stand-ins for mmcv's RoIAlign."""

import torch
from torch import Tensor

from .backend import refuse, uses_torchvision
from .bag_roi_align import Grid, pool_regions, spread_gradient

# mmcv's number for pool_mode='max'.
_MAXIMUM = 0


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
        argmax_y: Same shape as ``output`` for maxima, filled with the index of
            the largest sample of each cell.
        argmax_x: Not used.
        aligned_height: Output cells along y.
        aligned_width: Output cells along x.
        spatial_scale: Feature map pixels per input pixel.
        sampling_ratio: Samples along each axis of a cell; 0 for one sample per
            feature map pixel.
        pool_mode: 0 for the maximum of the samples, 1 for their mean.
        aligned: Shift the samples by half a pixel.

    Raises:
        ImportError: If ``pool_mode`` and ``sampling_ratio`` are 0.
    """
    rois = rois.to(feats.dtype)
    size = aligned_height, aligned_width
    grid = Grid(size, spatial_scale, sampling_ratio, aligned)
    if pool_mode != _MAXIMUM:
        output.copy_(_means(feats, rois, grid))
        return
    samples = _means(feats, rois, _grid_of_samples(grid))
    side = sampling_ratio
    samples = samples.unflatten(3, (-1, side)).unflatten(2, (-1, side))
    cells = samples.transpose(3, 4).flatten(4)  # (n, C, h, w, side * side)
    largest, inds = cells.max(dim=-1)
    output.copy_(largest)
    argmax_y.copy_(inds)


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
        argmax_y: As filled by ``roi_align_forward``.
        argmax_x: Not used.
        grad_input: (B, C, H, W), filled.
        aligned_height: As in ``roi_align_forward``.
        aligned_width: As in ``roi_align_forward``.
        spatial_scale: As in ``roi_align_forward``.
        sampling_ratio: As in ``roi_align_forward``.
        pool_mode: As in ``roi_align_forward``.
        aligned: As in ``roi_align_forward``.

    Raises:
        ImportError: If ``pool_mode`` and ``sampling_ratio`` are 0.
    """
    rois = rois.to(grad_output.dtype)
    size = aligned_height, aligned_width
    grid = Grid(size, spatial_scale, sampling_ratio, aligned)
    if pool_mode != _MAXIMUM:
        _spread(grad_output, rois, grid, grad_input)
        return
    fine = _grid_of_samples(grid)
    side = sampling_ratio
    cells = grad_output.new_zeros((*grad_output.shape, side * side))
    cells.scatter_(-1, argmax_y.long()[..., None], grad_output[..., None])
    samples = cells.unflatten(4, (side, side)).transpose(3, 4)
    samples = samples.flatten(4).flatten(2, 3)
    _spread(samples, rois, fine, grad_input)


def _grid_of_samples(grid: Grid) -> Grid:
    """Return a grid with one cell for each sample."""
    side = grid.sampling_ratio
    if side <= 0:
        refuse("roi_align with pool_mode='max' and sampling_ratio=0")
    height, width = grid.output_size
    return grid._replace(
        output_size=(height * side, width * side), sampling_ratio=1
    )


def _means(feats: Tensor, rois: Tensor, grid: Grid) -> Tensor:
    if uses_torchvision(feats.device.type):
        return torch.ops.torchvision.roi_align(
            feats,
            rois,
            grid.spatial_scale,
            *grid.output_size,
            grid.sampling_ratio,
            grid.aligned,
        )
    return pool_regions(feats, rois, grid)


def _spread(
    grad_output: Tensor, rois: Tensor, grid: Grid, grad_input: Tensor
) -> None:
    if not uses_torchvision(grad_output.device.type):
        spread_gradient(grad_output, rois, grid, grad_input)
        return
    grad = torch.ops.torchvision._roi_align_backward(
        grad_output,
        rois,
        grid.spatial_scale,
        *grid.output_size,
        *grad_input.shape,
        grid.sampling_ratio,
        grid.aligned,
    )
    grad_input.copy_(grad)
