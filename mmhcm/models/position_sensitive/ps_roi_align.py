"""Position-sensitive RoIAlign, built from mmcv's RoIAlign."""

import torch
from mmcv.ops import roi_align
from torch import Tensor, nn

POOL_MODES = ('avg', 'max')


def ps_roi_align(
    feats: Tensor,
    rois: Tensor,
    output_size: tuple[int, int],
    spatial_scale: float = 1.0,
    sampling_ratio: int = 2,
    pool_mode: str = 'avg',
) -> Tensor:
    """Pool each bin of a region from its own feature channels.

    Bin (i, j) of output channel c reads channel ``c * h * w + i * w + j`` of
    the input (Dai et al. 2016, equation 1), by bilinear samples instead of
    whole pixels. The bins are folded into the batch, so that a 1 x 1 RoIAlign
    reads only the needed channels: the result equals the diagonal of a dense
    RoIAlign of all channels. Sums are in float32 or better.

    Args:
        feats: (B, C * h * w, H, W).
        rois: (n, 5): image index, x1, y1, x2, y2 in input pixels.
        output_size: (h, w), the bins of a region.
        spatial_scale: Feature map pixels per input pixel. Defaults to 1.
        sampling_ratio: Samples along each axis of a bin; 0 takes one per
            feature map pixel, rounded up. Defaults to 2.
        pool_mode: 'avg' or 'max' over the samples of a bin. Defaults to 'avg'.

    Returns:
        (n, C, h, w), with the dtype of ``feats``.

    Raises:
        ValueError: the channels do not divide into the bins.
    """
    height, width = output_size
    num_bins = height * width
    if feats.shape[1] % num_bins:
        raise ValueError(
            f'{feats.shape[1]} channels do not divide into {height} x {width} '
            'bins'
        )
    exact = torch.promote_types(feats.dtype, torch.float32)
    # On the CPU, RoIAlign reads every memory format as contiguous.
    folded = (
        feats.unflatten(1, (-1, num_bins))  # (B, C, bins, H, W)
        .transpose(1, 2)
        .flatten(0, 1)
        .to(exact)
        .contiguous()
    )
    channels = folded.shape[1]
    if len(rois) == 0:
        # Without regions, the result still depends on the features.
        return folded[:0].reshape(0, channels, height, width).to(feats.dtype)
    pooled = roi_align(
        folded,
        _split_rois(rois.to(exact), height, width),
        (1, 1),
        spatial_scale,
        sampling_ratio,
        pool_mode,
        # Otherwise, bins would be enlarged to at least a pixel and overlap
        # their neighbours.
        True,
    )
    pooled = pooled.reshape(-1, height, width, channels)
    return pooled.permute(0, 3, 1, 2).to(feats.dtype)


def _split_rois(rois: Tensor, height: int, width: int) -> Tensor:
    """Split regions (n, 5) into bins (n * h * w, 5), row by row.

    The image index of bin k becomes ``index * h * w + k``.
    """
    rows, cols = torch.meshgrid(
        torch.arange(height, device=rois.device),
        torch.arange(width, device=rois.device),
        indexing='ij',
    )
    corner = torch.stack([cols, rows], dim=-1).reshape(-1, 2)  # (h * w, 2)
    bin_wh = (rois[:, 3:] - rois[:, 1:3]) / rois.new_tensor([width, height])
    starts = rois[:, None, 1:3] + corner * bin_wh[:, None]  # (n, h * w, 2)
    index = rois[:, :1] * (height * width) + torch.arange(
        height * width, device=rois.device
    )
    boxes = [index[..., None], starts, starts + bin_wh[:, None]]
    return torch.cat(boxes, dim=-1).reshape(-1, 5)


class PSRoIAlign(nn.Module):
    """Module of ``ps_roi_align``.

    Args:
        output_size (int | tuple[int, int]): (height, width) of the output.
        spatial_scale (float): Feature map pixels per input pixel.
        sampling_ratio (int): Samples along each axis of a bin. Defaults to 2.
        pool_mode (str): 'avg' or 'max' over the samples of a bin. Defaults to
            'avg'.

    Raises:
        ValueError: the pool mode is unknown.
    """

    def __init__(
        self,
        output_size: int | tuple[int, int],
        spatial_scale: float = 1.0,
        sampling_ratio: int = 2,
        pool_mode: str = 'avg',
    ) -> None:
        super().__init__()
        if pool_mode not in POOL_MODES:
            raise ValueError(
                f'pool_mode must be one of {POOL_MODES}: {pool_mode!r}'
            )
        if isinstance(output_size, int):
            output_size = (output_size, output_size)
        self.output_size = output_size
        self.spatial_scale = spatial_scale
        self.sampling_ratio = sampling_ratio
        self.pool_mode = pool_mode

    def forward(self, feats: Tensor, rois: Tensor) -> Tensor:
        """Pool the features of regions, see ``ps_roi_align``."""
        return ps_roi_align(
            feats,
            rois,
            self.output_size,
            self.spatial_scale,
            self.sampling_ratio,
            self.pool_mode,
        )
