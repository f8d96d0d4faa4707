"""Spatial group-wise enhance, an attention over positions."""

import torch
from mmdet.registry import MODELS
from torch import Tensor, nn

# Added to standard deviations (Li et al. 2019, equation 3).
_EPS = 1e-5


@MODELS.register_module()
class SpatialGroupEnhance(nn.Module):
    """Plugin for the bottlenecks of a ResNet (Li, Hu, Yang 2019).

    In each group of channels, a position is weighted by the sigmoid of its
    vector's similarity to the mean vector, relative to other positions:

    1. Take the dot product of each position's vector and the mean vector.
    2. Normalise the products of a group over positions.
    3. Scale and shift them by two parameters of the group.

    All weights are sigmoid(1) = 0.731 at the start. Weights of a ResNet
    without the plugin were trained without this factor, so train the batch
    norm of stages with the plugin, and do not add the plugin to frozen stages.

    Args:
        in_channels (int): Channels; ``ResNet`` sets them.
        groups (int): Groups of channels. Defaults to 64.

    Raises:
        ValueError: the channels do not divide into the groups.
    """

    # The name of the module in a block: part of the keys in checkpoints.
    _abbr_ = 'sge'

    def __init__(self, in_channels: int, groups: int = 64) -> None:
        super().__init__()
        if in_channels % groups:
            raise ValueError(
                f'{in_channels} channels do not divide into {groups} groups'
            )
        self.groups = groups
        self.weight = nn.Parameter(torch.zeros(groups))
        self.bias = nn.Parameter(torch.ones(groups))

    def forward(self, x: Tensor) -> Tensor:
        """Weight the positions of a feature map (B, C, H, W)."""
        grouped = x.unflatten(1, (self.groups, -1))  # (B, G, C / G, H, W)
        weight = self.position_weights(grouped)
        return (grouped * weight[:, :, None]).flatten(1, 2)

    def position_weights(self, grouped: Tensor) -> Tensor:
        """Compute the weights (B, G, H, W) of positions in 0..1."""
        mean = grouped.mean(dim=(3, 4), keepdim=True)
        alike = (grouped * mean).sum(dim=2)
        height, width = alike.shape[2:]
        centred = alike - alike.mean(dim=(2, 3), keepdim=True)
        # A single position has no unbiased deviation, only NaN.
        correction = min(1, height * width - 1)
        deviation = centred.std(
            dim=(2, 3), keepdim=True, correction=correction
        )
        scale, shift = (
            p[:, None, None].to(alike.dtype) for p in (self.weight, self.bias)
        )
        return torch.sigmoid(scale * centred / (deviation + _EPS) + shift)
