"""SSD's head, with a correction of MMDetection's."""

from mmdet.models.dense_heads import SSDHead
from mmdet.registry import MODELS


@MODELS.register_module()
class FixedSSDHead(SSDHead):
    """``SSDHead`` that predicts.

    MMDetection 3.3 trains SSD, and fails at its first validation: prediction
    looks for an attribute that this head lacks (mmdetection#11780).
    """

    # The loss is a function, so there is no module with classes of its own.
    loss_cls = None
