"""Heads of DINO and DDQ-DETR that support ignored objects."""

from typing import Any

from mmdet.models.dense_heads import DDQDETRHead, DINOHead
from mmdet.models.losses import DDQAuxLoss
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmdet.structures.bbox import bbox_cxcywh_to_xyxy
from mmengine.structures import InstanceData
from torch import Tensor

from .ignored_boxes import find_ignored

_KEY = 'ignored_bboxes'


@MODELS.register_module()
class IgnoringDINOHead(DINOHead):
    """``DINOHead`` that keeps ignored objects out of the background.

    DETR's heads drop ignored objects, so that a query on an ignored object is
    trained as background. Here, a query without an object has no
    classification loss if the query's box overlaps an ignored object as in
    ``TrueIgnoreAssigner``, in every decoder layer and in the encoder.
    Denoising queries are drawn around valid objects and are unchanged.

    Args:
        ignore_iof_thr (float): See ``TrueIgnoreAssigner``. Defaults to 0.5.
        ignore_iou_thr (float): See ``TrueIgnoreAssigner``. Defaults to 0.3.
        kwargs: Arguments of ``DINOHead``.
    """

    def __init__(
        self,
        *args: Any,
        ignore_iof_thr: float = 0.5,
        ignore_iou_thr: float = 0.3,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.ignore_thrs = ignore_iof_thr, ignore_iou_thr

    def loss(
        self, *args: Any, batch_data_samples: SampleList, **kwargs: Any
    ) -> dict:
        """Compute the losses of all layers."""
        # The base class passes on only the meta information of each image.
        for sample in batch_data_samples:
            ignored = sample.ignored_instances.bboxes
            sample.set_metainfo({_KEY: ignored})
        return super().loss(
            *args, batch_data_samples=batch_data_samples, **kwargs
        )

    def _get_targets_single(
        self,
        cls_score: Tensor,
        bbox_pred: Tensor,
        gt_instances: InstanceData,
        img_meta: dict,
    ) -> tuple:
        """Compute the targets of one image and layer."""
        labels, label_weights, *others = super()._get_targets_single(
            cls_score, bbox_pred, gt_instances, img_meta
        )
        height, width = img_meta['img_shape']
        bboxes = bbox_cxcywh_to_xyxy(bbox_pred.detach())
        ignored = find_ignored(
            bboxes * bboxes.new_tensor([width, height, width, height]),
            img_meta[_KEY],
            *self.ignore_thrs,
        )
        label_weights[ignored & (labels == self.num_classes)] = 0
        return (labels, label_weights, *others)


@MODELS.register_module()
class IgnoringDDQDETRHead(IgnoringDINOHead, DDQDETRHead):
    """``DDQDETRHead`` that keeps ignored objects out of the background.

    Works like ``IgnoringDINOHead``, also for the dense queries of the
    auxiliary loss.

    Args:
        kwargs: Arguments of ``DDQDETRHead``, ``ignore_iof_thr`` and
            ``ignore_iou_thr``.
    """

    aux_loss_for_dense: DDQAuxLoss

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.aux_loss_for_dense = _IgnoringAuxLoss(
            self.ignore_thrs, train_cfg=self.aux_loss_for_dense.train_cfg
        )


class _IgnoringAuxLoss(DDQAuxLoss):
    """Auxiliary loss without dense queries on ignored objects."""

    def __init__(
        self, ignore_thrs: tuple[float, float], **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.ignore_thrs = ignore_thrs

    def _get_target_single(
        self,
        cls_scores: Tensor,
        bbox_preds: Tensor,
        gt_bboxes: Tensor,
        gt_labels: Tensor,
        img_meta: dict,
        **kwargs: Any,
    ) -> tuple:
        """Compute the targets of one image."""
        labels, label_weights, *others = super()._get_target_single(
            cls_scores, bbox_preds, gt_bboxes, gt_labels, img_meta, **kwargs
        )
        ignored = find_ignored(
            bbox_preds.detach(), img_meta[_KEY], *self.ignore_thrs
        )
        label_weights[ignored & (labels == cls_scores.size(-1))] = 0
        return (labels, label_weights, *others)
