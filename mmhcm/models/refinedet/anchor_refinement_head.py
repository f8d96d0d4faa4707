"""First stage of RefineDet."""

from typing import Any

from mmdet.models.dense_heads import SSDHead


class AnchorRefinementHead(SSDHead):
    """Anchor refinement module: an SSD head that tells objects from none.

    Like an RPN's, its single class is not one of the data.

    Args:
        kwargs: Arguments of ``SSDHead`` but for ``num_classes``.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(num_classes=1, **kwargs)
