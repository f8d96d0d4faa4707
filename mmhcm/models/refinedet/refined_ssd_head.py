"""SSD head on anchors that an earlier stage has moved."""

from typing import Any

from mmdet.models.dense_heads import SSDHead
from torch import Tensor


class RefinedSSDHead(SSDHead):
    """Object detection module of RefineDet: an SSD head on moved anchors.

    ``RefineDetHead`` builds the head, and hands over the anchors of a batch
    before each loss.

    Args:
        objectness_thr (float): Objectness below which an anchor without an
            object is not a negative. Defaults to 0.01.
        kwargs: Arguments of ``SSDHead``.
    """

    def __init__(self, objectness_thr: float = 0.01, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.objectness_thr = objectness_thr
        self._anchors: list[list[Tensor]] = []
        self._objectness: list[Tensor] = []

    def loss_on(
        self,
        anchors: list[list[Tensor]],
        objectness: list[Tensor],
        *loss_inputs: Any,
    ) -> dict:
        """Compute the losses for given anchors.

        Args:
            anchors: (n, 4) xyxy of each image and level, input pixels.
            objectness: (B, n) of each level.
            loss_inputs: Arguments of ``SSDHead.loss_by_feat``.
        """
        self._anchors, self._objectness = anchors, objectness
        losses = self.loss_by_feat(*loss_inputs)
        self._anchors, self._objectness = [], []
        return losses

    def get_anchors(
        self, featmap_sizes: list, batch_img_metas: list[dict], device: Any
    ) -> tuple[list[list[Tensor]], list[list[Tensor]]]:
        """Return the moved anchors of each image, with their valid flags."""
        _, flags = super().get_anchors(featmap_sizes, batch_img_metas, device)
        return self._anchors, flags

    def get_targets(self, *args: Any, **kwargs: Any) -> tuple:
        """Compute targets, without the negatives that are easily rejected.

        Positives are never filtered.
        """
        labels, weights, *others = super().get_targets(*args, **kwargs)
        for label, weight, objectness in zip(
            labels, weights, self._objectness, strict=True
        ):
            is_background = label == self.num_classes
            weight[is_background & (objectness < self.objectness_thr)] = 0
        return (labels, weights, *others)
