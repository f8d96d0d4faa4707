"""RoI features on the CPU, as sums over bags of feature vectors."""

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from mmdet.models.roi_heads.roi_extractors import SingleRoIExtractor
from mmdet.registry import MODELS
from torch import Tensor, nn

# Samples in memory at once, about 100 bytes each.
_MAX_SAMPLES = 1_000_000


@MODELS.register_module()
class BagRoIExtractor(SingleRoIExtractor):
    """``SingleRoIExtractor`` with a fast RoIAlign for CPUs.

    For regions that start inside the feature map, the result equals that of
    ``RoIAlign(aligned=True, pool_mode='avg')`` up to the order of summation.
    Forward and backward passes are several times faster on one core, and
    feature maps can have any memory format (on the CPU, mmcv's RoIAlign reads
    channels-last feature maps as if they were contiguous). For other regions,
    a sample on the limit beyond which samples do not count may be rounded to
    the other side.
    """

    def build_roi_layers(
        self, layer_cfg: dict, featmap_strides: list[int]
    ) -> nn.ModuleList:
        """Build one layer for each stride."""
        options = {k: v for k, v in layer_cfg.items() if k != 'type'}
        return nn.ModuleList(
            BagRoIAlign(spatial_scale=1 / stride, **options)
            for stride in featmap_strides
        )


class BagRoIAlign(nn.Module):
    """RoIAlign as one ``embedding_bag``, with a bag for each output cell.

    Args:
        output_size (int | tuple[int, int]): (height, width) of the output.
        spatial_scale (float): Feature map pixels per input pixel.
        sampling_ratio (int): Samples along each axis of a cell; 0 takes one
            per feature map pixel, rounded up. Defaults to 0.
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
        num_channels = feats.shape[1]
        table = feats.permute(0, 2, 3, 1).reshape(-1, num_channels)
        height, width = self.output_size
        pieces = [
            F.embedding_bag(
                cells['indices'],
                table,
                cells['offsets'],
                mode='sum',
                per_sample_weights=cells['weights'].to(table.dtype),
            )
            for part in self._split(rois)
            for cells in [self._cells(part, feats.shape)]
        ]
        # Without regions, the result still depends on the features.
        pooled = torch.cat(pieces) if pieces else table[:0]
        return pooled.reshape(-1, height, width, num_channels).permute(
            0, 3, 1, 2
        )

    def _grid(self, rois: Tensor) -> tuple[Tensor, Tensor]:
        """Count the samples (n,) along x and y of each output cell."""
        if self.sampling_ratio > 0:
            fixed = rois.new_full(
                (len(rois),), self.sampling_ratio, dtype=torch.long
            )
            return fixed, fixed
        height, width = self.output_size
        sides = (rois[:, 3:] - rois[:, 1:3]) * self.spatial_scale
        return (
            torch.ceil(sides[:, 0] / width).long().clamp_min(0),
            torch.ceil(sides[:, 1] / height).long().clamp_min(0),
        )

    def _split(self, rois: Tensor) -> list[Tensor]:
        """Split the regions into runs with a bounded number of samples."""
        num_x, num_y = self._grid(rois)
        height, width = self.output_size
        if not len(rois):
            return []
        samples = torch.cumsum(num_x * num_y * height * width, 0)
        groups = samples // _MAX_SAMPLES
        _, counts = torch.unique_consecutive(groups, return_counts=True)
        return list(torch.split(rois, counts.tolist()))

    def _cells(
        self, rois: Tensor, feat_shape: tuple[int, ...]
    ) -> dict[str, Any]:
        """Compute indices and weights of the pixels in each output cell.

        A sample is the weighted sum of the four nearest pixels. Samples more
        than a pixel outside the feature map count as 0, as in RoIAlign.
        """
        feat_h, feat_w = feat_shape[2:]
        height, width = self.output_size
        num_x, num_y = self._grid(rois)
        num = num_x * num_y
        total = num * height * width
        roi = torch.repeat_interleave(total)
        rank = torch.arange(len(roi), device=rois.device)
        rank = rank - (torch.cumsum(total, 0) - total)[roi]
        cell, sample = rank // num[roi], rank % num[roi]
        boxes = rois[:, 1:] * self.spatial_scale - 0.5
        cell_wh = (boxes[:, 2:] - boxes[:, :2]) / rois.new_tensor(
            [width, height]
        )
        x = boxes[roi, 0] + cell_wh[roi, 0] * (
            cell % width + (sample % num_x[roi] + 0.5) / num_x[roi]
        )
        y = boxes[roi, 1] + cell_wh[roi, 1] * (
            cell // width + (sample // num_x[roi] + 0.5) / num_y[roi]
        )
        inside = (x >= -1) & (x <= feat_w) & (y >= -1) & (y <= feat_h)
        left, right, share_x = _neighbours(x, feat_w)
        top, bottom, share_y = _neighbours(y, feat_h)
        weight = inside.to(x.dtype) / num[roi]
        rows = rois[roi, 0].long() * feat_h
        upper, lower = (rows + top) * feat_w, (rows + bottom) * feat_w
        counts = torch.repeat_interleave(4 * num, height * width)
        return {
            'indices': torch.stack(
                [upper + left, upper + right, lower + left, lower + right], 1
            ).reshape(-1),
            'weights': torch.stack(
                [
                    weight * (1 - share_y) * (1 - share_x),
                    weight * (1 - share_y) * share_x,
                    weight * share_y * (1 - share_x),
                    weight * share_y * share_x,
                ],
                1,
            ).reshape(-1),
            'offsets': torch.cumsum(counts, 0) - counts,
        }


def _neighbours(place: Tensor, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Find the pixels before and after positions, and the second's weight."""
    place = place.clamp(0, size - 1)
    low = place.long()
    return low, (low + 1).clamp_max(size - 1), place - low
