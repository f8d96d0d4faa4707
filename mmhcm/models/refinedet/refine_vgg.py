"""VGG-16 with RefineDet's changes."""

from typing import Any

from mmdet.models.backbones import SSDVGG
from mmdet.registry import MODELS
from torch import nn


@MODELS.register_module()
class RefineVGG(SSDVGG):
    """VGG-16 with the maps of conv4_3, conv5_3 and fc7, strides 8, 16, 32.

    Unlike in SSD, pool5 halves the map, so that fc6 has dilation 3 instead of
    6. Layers have the same names as in ``SSDVGG``, so that the initial weights
    of ``SSDVGG`` fit.

    Args:
        kwargs: Arguments of ``SSDVGG``.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            depth=16,
            with_last_pool=False,
            ceil_mode=True,
            out_feature_indices=(22, 29, 34),
            **kwargs,
        )
        self.features[30] = nn.MaxPool2d(2, stride=2)
        self.features[31] = nn.Conv2d(512, 1024, 3, padding=3, dilation=3)
