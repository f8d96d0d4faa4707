"""Predictions of one stack: heat map, sizes and offsets."""

from typing import Any

import torch
from mmengine.model import BaseModule, bias_init_with_prob, normal_init
from torch import Tensor, nn


class CenterBranch(BaseModule):
    """Heads on one feature map: centres, sizes and offsets of objects.

    The height comes from a vertical convolution of 17 cells, the width from a
    horizontal convolution, because an object of that extent fills the strip.

    Args:
        in_channels (int): Channels of the feature map.
        feat_channels (int): Channels between the two layers of a head.
        num_classes (int): Number of classes.
    """

    _EXTENT = 17

    def __init__(
        self, in_channels: int, feat_channels: int, num_classes: int
    ) -> None:
        super().__init__()

        def stem() -> list[nn.Module]:
            conv = nn.Conv2d(in_channels, feat_channels, 3, padding=1)
            return [conv, nn.ReLU(inplace=True)]

        extent, pad = self._EXTENT, self._EXTENT // 2
        self.heatmap = nn.Sequential(
            *stem(), nn.Conv2d(feat_channels, num_classes, 1)
        )
        self.offset = nn.Sequential(*stem(), nn.Conv2d(feat_channels, 2, 1))
        self.size_stem = nn.Sequential(*stem())
        self.width = nn.Conv2d(feat_channels, 1, (1, extent), padding=(0, pad))
        self.height = nn.Conv2d(
            feat_channels, 1, (extent, 1), padding=(pad, 0)
        )

    def init_weights(self) -> None:
        """Initialise heat maps to a probability of 0.1, a bias of -2.19."""
        for part in (self.offset, self.size_stem, self.width, self.height):
            for module in part.modules():
                if isinstance(module, nn.Conv2d):
                    normal_init(module, std=0.001)
        last: Any = self.heatmap[-1]
        nn.init.constant_(last.bias, bias_init_with_prob(0.1))

    def forward(self, feat: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Predict on a feature map (B, C, H, W).

        Returns:
            Probabilities (B, K, H, W); widths and heights (B, 2, H, W) and
            offsets in x and y (B, 2, H, W), both in cells.
        """
        stem = self.size_stem(feat)
        sizes = torch.cat([self.width(stem), self.height(stem)], dim=1)
        return self.heatmap(feat).sigmoid(), sizes, self.offset(feat)
