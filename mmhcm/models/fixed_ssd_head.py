"""SSD's head, with a fix of MMDetection's prediction."""

from mmdet.models.dense_heads import SSDHead
from mmdet.registry import MODELS


@MODELS.register_module()
class FixedSSDHead(SSDHead):
    """``SSDHead`` that can predict.

    In MMDetection 3.3, SSD trains but fails at the first validation:
    prediction reads an attribute that ``SSDHead`` lacks (mmdetection#11780).
    """

    # The loss is a function: no loss module has class channels of its own.
    loss_cls = None
