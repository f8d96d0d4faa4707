"""Ignoring of objects in DINO."""

from typing import Any

from mmdet.models.dense_heads import DINOHead
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmdet.structures.bbox import bbox_cxcywh_to_xyxy
from mmengine.structures import InstanceData
from torch import Tensor

from .ignored_boxes import find_ignored

_KEY = 'ignored_bboxes'


@MODELS.register_module()
class IgnoringDINOHead(DINOHead):
    """``DINOHead`` whose background has no ignored objects.

    DETR's heads drop ignored objects, so that a query on one of them learns
    to be background. Here a query without an object has no classification
    loss if its box overlaps an ignored one as in ``TrueIgnoreAssigner``, in
    every decoder layer and in the encoder. Queries for denoising are drawn
    around valid objects and stay as they are.

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
        self.ignore_iof_thr = ignore_iof_thr
        self.ignore_iou_thr = ignore_iou_thr

    def loss(
        self, *args: Any, batch_data_samples: SampleList, **kwargs: Any
    ) -> dict:
        """Compute the losses of all layers."""
        # The base class passes on each image's meta information alone.
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
            self.ignore_iof_thr,
            self.ignore_iou_thr,
        )
        label_weights[ignored & (labels == self.num_classes)] = 0
        return (labels, label_weights, *others)
