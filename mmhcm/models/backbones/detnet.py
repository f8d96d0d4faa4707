"""DetNet, a backbone whose last stages keep their resolution."""

from collections.abc import Sequence
from typing import Any

from mmcv.cnn import build_conv_layer, build_norm_layer
from mmdet.models.backbones.resnet import Bottleneck, ResNet
from mmdet.registry import MODELS
from mmengine.model import Sequential
from torch import nn

# Block of a stage without pretrained weights: initially its shortcut.
_INIT = [
    {'type': 'Kaiming', 'layer': 'Conv2d'},
    {'type': 'Constant', 'val': 0, 'override': {'name': 'norm3'}},
]


@MODELS.register_module()
class DetNet(ResNet):
    """DetNet-59 (Li et al. 2018): two dilated stages after a ResNet-50's.

    The first three stages are those of a ResNet, with its names and weights.
    ``layer4`` and ``layer5`` have three bottlenecks each, with the channels
    and the stride of ``layer3`` and dilation 2; the first block of each layer
    has a 1 x 1 convolution on its shortcut. The feature maps have strides 4,
    8, 16, 16 and 16.

    Args:
        depth (int): Depth of the ResNet. Defaults to 50, for DetNet-59.
        out_indices (Sequence[int]): Stages to return. Defaults to all five.
        frozen_stages (int): First stages that are frozen, -1 for none.
        late_norm_cfg (dict): Norm of the last two stages, which a ResNet's
            weights do not initialise. The norm is in training mode, whatever
            ``norm_eval`` is for the other stages, unless the norm has
            ``requires_grad=False``. Defaults to batch norm.
        kwargs: Arguments of ``ResNet``.
    """

    late_layers = ('layer4', 'layer5')

    def __init__(
        self,
        depth: int = 50,
        out_indices: Sequence[int] = (0, 1, 2, 3, 4),
        frozen_stages: int = -1,
        late_norm_cfg: dict | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            depth,
            num_stages=3,
            strides=(1, 2, 2),
            dilations=(1, 1, 1),
            out_indices=(0, 1, 2),
            **kwargs,
        )
        self.late_norm_cfg = late_norm_cfg or {'type': 'BN'}
        for name in self.late_layers:
            self.add_module(name, self._make_late_layer())
            self.res_layers.append(name)
        self.out_indices = tuple(out_indices)
        self.frozen_stages = frozen_stages
        self._freeze_stages()

    def _make_late_layer(self, num_blocks: int = 3) -> Sequential:
        channels = self.inplanes
        shortcut = nn.Sequential(
            build_conv_layer(
                self.conv_cfg, channels, channels, kernel_size=1, bias=False
            ),
            build_norm_layer(self.late_norm_cfg, channels)[1],
        )
        return Sequential(
            *(
                Bottleneck(
                    channels,
                    channels // Bottleneck.expansion,
                    dilation=2,
                    downsample=shortcut if index == 0 else None,
                    style=self.style,
                    with_cp=self.with_cp,
                    conv_cfg=self.conv_cfg,
                    norm_cfg=self.late_norm_cfg,
                    init_cfg=_INIT,
                )
                for index in range(num_blocks)
            )
        )

    def train(self, mode: bool = True) -> 'DetNet':
        """Switch modes; the last two stages do not depend on ``norm_eval``."""
        super().train(mode)
        if self.late_norm_cfg.get('requires_grad', True):
            for name in self.late_layers[max(0, self.frozen_stages - 3) :]:
                getattr(self, name).train(mode)
        return self
