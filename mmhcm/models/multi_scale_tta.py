"""Merging of one image's detections at several test scales."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from mmdet.models import DetTTAModel
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmdet.structures.bbox import bbox_flip
from mmengine.structures import InstanceData
from torch import nn

from mmhcm.functional.merge import METHODS, merge_scales


@MODELS.register_module()
class MultiScaleTTA(DetTTAModel):
    """Test at many scales, keep each scale's valid range, merge by NMS.

    A view's valid range is the ``valid_range`` in its meta information, as
    ``ResizeToScale`` writes it: sqrt(area) in pixels of the original image.
    Detections out of their view's range are dropped before the count is
    capped, and the detector's own cap is raised for it. Views without one
    keep everything (the paper's plain multi-scale test).

    Args:
        method (str): 'nms', 'soft_nms_linear' or 'soft_nms_gaussian'.
            Defaults to 'nms'.
        iou_thr (float): IoU over which detections of one class are merged.
            Defaults to 0.5.
        max_per_img (int): Detections kept for one image. Defaults to 500.
        max_per_view (int): Detections of one view before the filter; the
            detector's own cap where that is higher. Defaults to 2000.
        merge_cfg (dict, optional): Further arguments of
            ``functional.merge.merge_scales``.
        kwargs: Arguments of ``BaseTTAModel`` (``module``,
            ``data_preprocessor``).

    Raises:
        ValueError: no such method, or ``max_per_img`` below 1.
    """

    def __init__(
        self,
        method: str = 'nms',
        iou_thr: float = 0.5,
        max_per_img: int = 500,
        max_per_view: int = 2000,
        merge_cfg: dict | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if method not in METHODS:
            raise ValueError(f'method must be one of {METHODS}: {method!r}')
        if max_per_img < 1:
            raise ValueError(
                f'max_per_img must be positive, got {max_per_img}'
            )
        self.method = method
        self.iou_thr = iou_thr
        self.max_per_img = max_per_img
        self.max_per_view = max_per_view
        self.merge_cfg = dict(merge_cfg or {})

    def test_step(self, data: Any) -> list[DetDataSample]:
        """Detect on all views of a batch, and merge them."""
        with raised_cap(self.module, self.max_per_view):
            return super().test_step(data)

    def _merge_single_sample(
        self, data_samples: list[DetDataSample]
    ) -> DetDataSample:
        """Merge the views of one image into its first data sample."""
        views, ranges = [], []
        for data_sample in data_samples:
            meta = data_sample.metainfo
            pred = data_sample.pred_instances
            bboxes = pred.bboxes
            if meta.get('flip'):
                bboxes = bbox_flip(
                    bboxes, meta['ori_shape'], meta['flip_direction']
                )
            views.append(
                (
                    # NumPy has no bfloat16, which CPUs' mixed precision is.
                    bboxes.float().cpu().numpy(),
                    pred.scores.float().cpu().numpy(),
                    pred.labels.cpu().numpy(),
                )
            )
            ranges.append(tuple(meta.get('valid_range') or (0.0, np.inf)))
        bboxes, scores, labels = merge_scales(
            views,
            ranges,
            method=self.method,
            iou_thr=self.iou_thr,
            max_num=self.max_per_img,
            **self.merge_cfg,
        )
        device = data_samples[0].pred_instances.bboxes.device
        merged = data_samples[0]
        merged.pred_instances = InstanceData(
            bboxes=torch.from_numpy(bboxes).to(device),
            scores=torch.from_numpy(scores).to(device),
            labels=torch.from_numpy(labels.astype(np.int64)).to(device),
        )
        return merged


@contextmanager
def raised_cap(detector: nn.Module, max_per_img: int) -> Iterator[None]:
    """Let a detector keep at least ``max_per_img`` detections meanwhile."""
    head: Any = getattr(detector, 'roi_head', None)
    if head is None:
        head = getattr(detector, 'bbox_head', None)
    cfg = getattr(head, 'test_cfg', None)
    if cfg is None or not 0 < cfg.get('max_per_img', -1) < max_per_img:
        yield
        return
    head.test_cfg = type(cfg)({**cfg, 'max_per_img': max_per_img})
    try:
        yield
    finally:
        head.test_cfg = cfg
