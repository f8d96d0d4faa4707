"""ConvNeXt (Liu et al., CVPR 2022, arXiv 2201.03545) for detectors."""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from mmcv.cnn.bricks import DropPath
from mmdet.registry import MODELS
from mmengine.model import BaseModule, ModuleList, Sequential
from torch import Tensor, nn

#: Blocks and channels of the four stages.
ARCHITECTURES = {
    'tiny': ((3, 3, 9, 3), (96, 192, 384, 768)),
    'small': ((3, 3, 27, 3), (96, 192, 384, 768)),
    'base': ((3, 3, 27, 3), (128, 256, 512, 1024)),
    'large': ((3, 3, 27, 3), (192, 384, 768, 1536)),
}


@MODELS.register_module()
class ConvNeXt(BaseModule):
    """Backbone with the maps of all four stages, strides 4, 8, 16, 32.

    Weights have the same names as in MMPretrain, so that MMPretrain's ImageNet
    files and MMDetection's COCO checkpoints can be loaded.

    Args:
        arch (str | tuple): A key of ``ARCHITECTURES``, or blocks and channels
            of the stages.
        drop_path_rate (float): Probability of skipping the last block; the
            probability rises linearly from 0 at the first block. Defaults to
            0.
        layer_scale (float): Initial scale of each block's output. Defaults to
            1, as in MMDetection's fine-tuning.
        init_cfg (dict, optional): Initial weights.
    """

    def __init__(
        self,
        arch: str | tuple[Sequence[int], Sequence[int]] = 'tiny',
        drop_path_rate: float = 0.0,
        layer_scale: float = 1.0,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        depths, widths = ARCHITECTURES[arch] if isinstance(arch, str) else arch
        rates = np.linspace(0, drop_path_rate, sum(depths)).tolist()
        self.downsample_layers = ModuleList()
        self.stages = ModuleList()
        for stage, (depth, width) in enumerate(
            zip(depths, widths, strict=True)
        ):
            self.downsample_layers.append(
                Sequential(nn.Conv2d(3, width, 4, stride=4), MapNorm(width))
                if stage == 0
                else Sequential(
                    MapNorm(widths[stage - 1]),
                    nn.Conv2d(widths[stage - 1], width, 2, stride=2),
                )
            )
            blocks = [
                ConvNeXtBlock(width, rates.pop(0), layer_scale)
                for _ in range(depth)
            ]
            self.stages.append(Sequential(*blocks))
            self.add_module(f'norm{stage}', MapNorm(width))

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Compute the maps of the stages for images (B, 3, H, W)."""
        outs = []
        for stage, blocks in enumerate(self.stages):
            x = blocks(self.downsample_layers[stage](x))
            outs.append(getattr(self, f'norm{stage}')(x).contiguous())
        return tuple(outs)


class MapNorm(nn.LayerNorm):
    """Layer norm over the channels of maps (B, C, H, W)."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=1e-6)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise each position."""
        normed = F.layer_norm(
            x.permute(0, 2, 3, 1),
            self.normalized_shape,
            self.weight,
            self.bias,
            self.eps,
        )
        return normed.permute(0, 3, 1, 2)


class ConvNeXtBlock(BaseModule):
    """Depthwise 7 x 7 convolution and two linear layers, with a shortcut.

    Args:
        channels (int): Channels of input and output.
        drop_path_rate (float): Probability of skipping the block.
        layer_scale (float): Initial scale of the output.
    """

    def __init__(
        self, channels: int, drop_path_rate: float, layer_scale: float
    ) -> None:
        super().__init__()
        self.depthwise_conv = nn.Conv2d(
            channels, channels, 7, padding=3, groups=channels
        )
        self.norm = nn.LayerNorm(channels, eps=1e-6)
        self.pointwise_conv1 = nn.Linear(channels, 4 * channels)
        self.pointwise_conv2 = nn.Linear(4 * channels, channels)
        self.gamma = nn.Parameter(torch.full((channels,), layer_scale))
        self.drop_path = DropPath(drop_path_rate)

    def forward(self, x: Tensor) -> Tensor:
        """Add the block's output to maps (B, C, H, W)."""
        out = self.norm(self.depthwise_conv(x).permute(0, 2, 3, 1))
        out = self.pointwise_conv2(F.gelu(self.pointwise_conv1(out)))
        out = (self.gamma * out).permute(0, 3, 1, 2)
        return x + self.drop_path(out)
