"""Proposals from a different feature map than the regions' features."""

from collections.abc import Sequence

from mmdet.models.dense_heads import RPNHead
from mmdet.registry import MODELS
from torch import Tensor


@MODELS.register_module()
class LastMapRPNHead(RPNHead):
    """``RPNHead`` on the last feature map alone."""

    def forward(
        self, x: Sequence[Tensor]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Predict scores and offsets of anchors on the last of the maps."""
        return super().forward(x[-1:])
