"""First stage of RefineDet."""

from typing import Any

from mmdet.models.dense_heads import SSDHead


class AnchorRefinementHead(SSDHead):
    """Anchor refinement module: an SSD head for objects and background.

    Like an RPN, the head has a single class, which is not a class of the data.

    Args:
        kwargs: Arguments of ``SSDHead`` except ``num_classes``.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(num_classes=1, **kwargs)
