"""Transfer connection blocks between the two stages of RefineDet."""

from collections.abc import Sequence
from typing import Any

from mmcv.cnn import ConvModule
from mmdet.models.necks.ssd_neck import L2Norm
from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn


@MODELS.register_module()
class TransferConnectionNeck(BaseModule):
    """Maps for anchor refinement and, top down, for detection (section 3.1).

    1. The first maps are normalised over channels, with a learned scale each.
    2. Two convolutions add a level of twice the last stride.
    3. Every level passes through two convolutions; the level above is added
       through a transposed convolution; a third convolution follows.

    The sides of the first map must be divisible by 8.

    Args:
        in_channels (Sequence[int]): Channels of the backbone's maps. Defaults
            to (512, 512, 1024), those of ``RefineVGG``.
        extra_channels (tuple[int, int]): Channels of the two layers of the
            additional level. Defaults to (256, 512).
        out_channels (int): Channels of the maps for detection. Defaults to
            256.
        l2_norm_scales (Sequence[float]): Initial scales of the first maps.
            Defaults to (10, 8).
    """

    def __init__(
        self,
        in_channels: Sequence[int] = (512, 512, 1024),
        extra_channels: tuple[int, int] = (256, 512),
        out_channels: int = 256,
        l2_norm_scales: Sequence[float] = (10.0, 8.0),
    ) -> None:
        super().__init__(
            init_cfg={
                'type': 'Xavier',
                'layer': ['Conv2d', 'ConvTranspose2d'],
                'distribution': 'uniform',
            }
        )
        self.l2_norms: Any = nn.ModuleList(
            L2Norm(channels, scale)
            for channels, scale in zip(
                in_channels, l2_norm_scales, strict=False
            )
        )
        middle, last = extra_channels
        self.extra_layer = nn.Sequential(
            ConvModule(in_channels[-1], middle, 1),
            ConvModule(middle, last, 3, stride=2, padding=1),
        )
        levels = (*in_channels, last)
        self.laterals = nn.ModuleList(
            nn.Sequential(
                ConvModule(channels, out_channels, 3, padding=1),
                nn.Conv2d(out_channels, out_channels, 3, padding=1),
            )
            for channels in levels
        )
        self.upsamples = nn.ModuleList(
            nn.ConvTranspose2d(out_channels, out_channels, 2, stride=2)
            for _ in levels[1:]
        )
        self.out_convs = nn.ModuleList(
            ConvModule(out_channels, out_channels, 3, padding=1)
            for _ in levels
        )

    def init_weights(self) -> None:
        """Initialise the layers; the scales start at their given values."""
        super().init_weights()
        for norm in self.l2_norms:
            nn.init.constant_(norm.weight, norm.scale)

    def forward(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Compute the maps of both stages.

        Args:
            inputs: (B, C, H, W) of each level, strides 8, 16, 32.

        Returns:
            Maps for the refinement of anchors, strides 8, 16, 32, 64, then
            the maps for detection with the same strides.
        """
        sources = list(inputs)
        for level, norm in enumerate(self.l2_norms):
            sources[level] = norm(sources[level])
        sources.append(self.extra_layer(sources[-1]))
        outs: list[Tensor] = []
        above: Tensor | None = None
        for level in reversed(range(len(sources))):
            feat = self.laterals[level](sources[level])
            if above is not None:
                feat = feat + self.upsamples[level](above)
            above = self.out_convs[level](feat.relu())
            outs.insert(0, above)
        return (*sources, *outs)
