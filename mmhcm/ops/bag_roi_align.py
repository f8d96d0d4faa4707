"""RoIAlign as sums over bags of feature vectors, for speed on CPUs.

A sample of RoIAlign is the weighted sum of the four nearest pixels. The
forward pass sums over a bag of pixels for each output cell, the backward pass
over a bag of cells for each pixel. Only pixels that a region touches are read
and written.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

# Maximum number of samples in memory, about 100 bytes each.
_MAX_SAMPLES = 1_000_000


class Grid(NamedTuple):
    """Output cells of RoIAlign, and the samples in them."""

    #: (height, width) in cells.
    output_size: tuple[int, int]
    #: Feature map pixels per input pixel.
    spatial_scale: float
    #: Samples along each axis of a cell; 0 takes one sample per feature map
    #: pixel, rounded up.
    sampling_ratio: int
    #: Shift the samples by half a pixel, as mmcv does by default.
    aligned: bool


class BagRoIAlign(nn.Module):
    """RoIAlign as one ``embedding_bag``, with a bag for each output cell.

    Args:
        output_size (int | tuple[int, int]): (height, width) of the output.
        spatial_scale (float): Feature map pixels per input pixel.
        sampling_ratio (int): Samples along each axis of a cell; 0 takes one
            sample per feature map pixel, rounded up. Defaults to 0.
    """

    def __init__(
        self,
        output_size: int | tuple[int, int],
        spatial_scale: float = 1.0,
        sampling_ratio: int = 0,
    ) -> None:
        super().__init__()
        if isinstance(output_size, int):
            output_size = (output_size, output_size)
        # ``SingleRoIExtractor`` reads this attribute.
        self.output_size = tuple(output_size)
        self.spatial_scale = spatial_scale
        self.sampling_ratio = sampling_ratio

    def forward(self, feats: Tensor, rois: Tensor) -> Tensor:
        """Pool the features of regions.

        Args:
            feats: (B, C, H, W).
            rois: (n, 5): image index, x1, y1, x2, y2 in input pixels.

        Returns:
            (n, C, *output_size).
        """
        height, width = self.output_size
        grid = Grid(
            (height, width), self.spatial_scale, self.sampling_ratio, True
        )
        return _BagRoIAlign.apply(feats, rois, grid)


class _BagRoIAlign(torch.autograd.Function):
    """Pooling of regions with its gradient."""

    @staticmethod
    def forward(ctx: Any, feats: Tensor, rois: Tensor, grid: Grid) -> Tensor:
        ctx.shape, ctx.layout = feats.shape, _layout(feats)
        ctx.bags = [*_find_bags(rois, feats.shape, grid)]
        return _pool(feats, ctx.bags, grid)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        grad_feats = torch.empty(
            ctx.shape,
            dtype=grad.dtype,
            device=grad.device,
            memory_format=ctx.layout,
        ).zero_()
        _spread(grad, ctx.bags, grad_feats)
        return grad_feats, None, None


def pool_regions(feats: Tensor, rois: Tensor, grid: Grid) -> Tensor:
    """Pool the features of regions.

    Args:
        feats: (B, C, H, W), in any memory format.
        rois: (n, 5): image index, x1, y1, x2, y2 in input pixels.
        grid: Output cells and samples.

    Returns:
        (n, C, *output_size).
    """
    return _pool(feats, _find_bags(rois, feats.shape, grid), grid)


def spread_gradient(
    grad: Tensor, rois: Tensor, grid: Grid, grad_feats: Tensor
) -> None:
    """Add the gradient of ``pool_regions`` with respect to the features.

    Args:
        grad: (n, C, *output_size), gradient with respect to the output.
        rois: As in ``pool_regions``.
        grid: Output cells and samples.
        grad_feats: (B, C, H, W), to which the gradient is added.
    """
    _spread(grad, _find_bags(rois, grad_feats.shape, grid), grad_feats)


class _Bags(NamedTuple):
    """Weighted pixels of output cells, four for each sample, by cell."""

    #: (m,) index of the pixel in (B, H, W).
    pixels: Tensor
    #: (m,) index of the cell in (n, height, width), ascending.
    cells: Tensor
    #: (m,)
    weights: Tensor
    #: (num_cells,) first position of each cell.
    offsets: Tensor


def _pool(feats: Tensor, parts: Iterable[_Bags], grid: Grid) -> Tensor:
    """Sum the pixels of each output cell: (n, C, *output_size)."""
    height, width = grid.output_size
    num_channels = feats.shape[1]
    pieces = []
    for bags in parts:
        table, rows = _tabulate(feats, bags.pixels)
        pieces.append(_sum_bags(table, rows, bags.offsets, bags.weights))
    pooled = torch.cat(pieces) if pieces else feats.new_zeros(0)
    return pooled.reshape(-1, height, width, num_channels).permute(0, 3, 1, 2)


def _spread(grad: Tensor, parts: Iterable[_Bags], grad_feats: Tensor) -> None:
    """Sum the gradients of the cells of each pixel."""
    table = grad_feats.permute(0, 2, 3, 1)
    # (num_cells, C)
    grads = grad.permute(0, 2, 3, 1).reshape(-1, grad.shape[1])
    first = 0
    for bags in parts:
        pixels, order = torch.sort(bags.pixels)
        touched, counts = torch.unique_consecutive(pixels, return_counts=True)
        sums = _sum_bags(
            grads[first : first + len(bags.offsets)],
            bags.cells[order],
            _starts(counts),
            bags.weights[order],
        )
        first += len(bags.offsets)
        table[_unravel(touched, table.shape)] += sums


def _sum_bags(
    table: Tensor, rows: Tensor, offsets: Tensor, weights: Tensor
) -> Tensor:
    """Sum weighted rows of a table (k, C) over bags: (num_bags, C)."""
    return F.embedding_bag(
        rows,
        table.contiguous(),
        offsets,
        mode='sum',
        per_sample_weights=weights.to(table.dtype),
    )


def _tabulate(feats: Tensor, pixels: Tensor) -> tuple[Tensor, Tensor]:
    """Gather feature vectors (k, C), and the row (m,) of each pixel.

    Channels-last feature maps are already such a table. For other memory
    formats, only the pixels in use are copied.
    """
    table = feats.permute(0, 2, 3, 1)
    if table.is_contiguous():
        return table.flatten(0, 2), pixels
    used = pixels.new_zeros(table.shape[:3].numel(), dtype=torch.bool)
    used[pixels] = True
    rows = torch.cumsum(used, 0) - 1
    where = _unravel(used.nonzero()[:, 0], table.shape)
    return table[where], rows[pixels]


def _unravel(pixels: Tensor, shape: torch.Size) -> tuple[Tensor, ...]:
    """Split indices of pixels into image, row and column."""
    _, height, width = shape[:3]
    rows = pixels // width
    return rows // height, rows % height, pixels % width


def _starts(counts: Tensor) -> Tensor:
    """Compute the first position of each of consecutive groups."""
    return torch.cumsum(counts, 0) - counts


def _find_bags(
    rois: Tensor, feat_shape: torch.Size, grid: Grid
) -> Iterator[_Bags]:
    """Find the pixels of output cells and their weights, in parts.

    A part has a bounded number of samples.
    """
    if not len(rois):
        return
    cells = rois.new_tensor(grid.output_size).flip(0)
    shift = 0.5 if grid.aligned else 0.0
    boxes = rois[:, 1:] * grid.spatial_scale - shift
    wh = boxes[:, 2:] - boxes[:, :2]
    cell_wh = (wh if grid.aligned else wh.clamp_min(1)) / cells
    if grid.sampling_ratio > 0:
        nums = torch.full_like(wh, grid.sampling_ratio, dtype=torch.long)
    else:
        nums = torch.ceil(cell_wh).long().clamp_min(0)
    regions = (rois[:, 0].long(), boxes[:, :2], cell_wh, nums)
    num_cells = grid.output_size[0] * grid.output_size[1]
    groups = torch.cumsum(nums.prod(1) * num_cells, 0) // _MAX_SAMPLES
    sizes = torch.unique_consecutive(groups, return_counts=True)[1].tolist()
    for images, corners, sides, num in zip(
        *(x.split(sizes) for x in regions), strict=True
    ):
        yield _find_pixels(images, corners, sides, num, feat_shape, grid)


def _find_pixels(
    images: Tensor,
    corners: Tensor,
    cell_wh: Tensor,
    nums: Tensor,
    feat_shape: torch.Size,
    grid: Grid,
) -> _Bags:
    """Find the pixels of output cells and their weights.

    Samples more than a pixel outside the feature map count as 0, as in
    RoIAlign.

    Args:
        images: (n,) index of each region's image.
        corners: (n, 2) x and y of the first corner in the feature map.
        cell_wh: (n, 2) size of a cell in the feature map.
        nums: (n, 2) samples along x and y of a cell.
        feat_shape: (B, C, H, W).
        grid: Output cells and samples.
    """
    height, width = grid.output_size
    sizes = nums.new_tensor([feat_shape[3], feat_shape[2]])
    num = nums.prod(1)
    total = num * (height * width)
    roi = torch.repeat_interleave(total)
    rank = torch.arange(len(roi), device=roi.device) - _starts(total)[roi]
    per_cell, nums = num[roi], nums[roi]
    cell = rank // per_cell
    sample = rank - cell * per_cell
    row, column = cell // width, sample // nums[:, 0]
    # x and y, (m, 2): of the cell, and of the sample in the cell.
    cells = torch.stack([cell - row * width, row], 1)
    samples = torch.stack([sample - column * nums[:, 0], column], 1)
    place = corners[roi] + cell_wh[roi] * (cells + (samples + 0.5) / nums)
    inside = ((place >= -1) & (place <= sizes)).all(1)
    place = torch.minimum(place.clamp_min(0), sizes - 1)
    low = place.long()
    near = torch.stack([low, torch.minimum(low + 1, sizes - 1)], 1)
    share = torch.stack([1 - (place - low), place - low], 1)  # (m, 2, 2)
    rows = (images * feat_shape[2])[roi, None] + near[:, :, 1]
    pixels = rows[:, :, None] * feat_shape[3] + near[:, None, :, 0]
    weights = share[:, :, None, 1] * share[:, None, :, 0]
    weights = weights * (inside / per_cell)[:, None, None]
    counts = torch.repeat_interleave(4 * num, height * width)
    return _Bags(
        pixels.flatten(),
        torch.repeat_interleave(counts),
        weights.flatten(),
        _starts(counts),
    )


def _layout(feats: Tensor) -> torch.memory_format:
    """Find the memory format of a feature map."""
    if feats.is_contiguous():
        return torch.contiguous_format
    return torch.channels_last
