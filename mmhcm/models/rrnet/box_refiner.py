"""Second regression of boxes, from the features inside each box."""

import torch
from mmcv.ops import RoIAlign
from mmdet.models.backbones.resnet import Bottleneck
from mmengine.model import BaseModule, normal_init
from torch import Tensor, nn


class BoxRefiner(BaseModule):
    """Class-agnostic regression by RoIAlign and one residual block.

    Features are 3 x 3 samples of a region. After the block and a mean over the
    samples, a layer predicts (dx, dy, dw, dh). Boxes are in cells of the
    feature map, and sides are x2 - x1 + 1.

    Args:
        channels (int): Channels of the feature map, divisible by 4.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.roi_align = RoIAlign(
            3, spatial_scale=1.0, sampling_ratio=0, aligned=False
        )
        self.block = Bottleneck(channels, channels // 4)
        self.deltas = nn.Conv2d(channels, 4, 1)

    def init_weights(self) -> None:
        """Initialise the layers, with deltas close to 0."""
        super().init_weights()
        normal_init(self.deltas, std=0.001)

    def forward(self, feat: Tensor, rois: Tensor) -> Tensor:
        """Predict deltas (n, 4) of regions.

        Args:
            feat: (B, C, H, W).
            rois: (n, 5): image index, then xyxy in cells.
        """
        # On a CPU the operator reads every map as if it were contiguous.
        pooled = self.block(self.roi_align(feat.contiguous(), rois))
        mean = pooled.mean(dim=(2, 3), keepdim=True)
        return self.deltas(mean).flatten(1)


def encode(bboxes: Tensor, targets: Tensor) -> Tensor:
    """Compute the deltas (n, 4) from boxes (n, 4) to targets (n, 4)."""
    centres, sides = _centres_and_sides(bboxes)
    target_centres, target_sides = _centres_and_sides(targets)
    return torch.cat(
        [(target_centres - centres) / sides, (target_sides / sides).log()], 1
    )


def decode(bboxes: Tensor, deltas: Tensor) -> Tensor:
    """Apply deltas (n, 4) to boxes (n, 4)."""
    centres, sides = _centres_and_sides(bboxes)
    centres = centres + deltas[:, :2] * sides
    # At most a factor of 62, as in MMDetection's coders.
    sides = sides * deltas[:, 2:].clamp(max=4.135).exp()
    corner = centres - sides / 2
    return torch.cat([corner, corner + sides - 1], dim=1)


def _centres_and_sides(bboxes: Tensor) -> tuple[Tensor, Tensor]:
    sides = bboxes[:, 2:] - bboxes[:, :2] + 1
    return bboxes[:, :2] + sides / 2, sides
