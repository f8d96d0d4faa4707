"""Test-time augmentation with several scales."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np
import torch
from mmdet.models import DetTTAModel
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmdet.structures.bbox import bbox_flip
from mmengine.structures import InstanceData
from torch import nn

from mmhcm.functional.merging import Detections, merge_scales
from mmhcm.functional.merging.merge import METHODS


@MODELS.register_module()
class MultiScaleTTA(DetTTAModel):
    """Multi-scale test with valid ranges, merged by (soft-)NMS.

    ``ResizeToScale`` writes the valid range of a view, of sqrt(area) in pixels
    of the original image, into its meta information. Detections out of their
    view's range are dropped before the number of detections is limited, and
    the detector's own limit is raised during the test. Views without a valid
    range keep all detections (the paper's plain multi-scale test).

    Args:
        method (str): 'nms', 'soft_nms_linear' or 'soft_nms_gaussian'.
            Defaults to 'nms'.
        iou_thr (float): IoU above which detections of one class are merged.
            Defaults to 0.5.
        max_per_img (int): Maximum number of detections of one image. Defaults
            to 500.
        max_per_view (int): Maximum number of detections of one view before
            the filter by range; the detector's own limit if that is higher.
            Defaults to 2000.
        merge_cfg (dict, optional): Further arguments of
            ``merging.merge.merge_scales``. Defaults to None.
        view_test_cfg (dict, optional): Values of the detector's ``test_cfg``
            during the test, such as ``nms``. Defaults to None: no changes.
        kwargs: Arguments of ``BaseTTAModel`` (``module``,
            ``data_preprocessor``).

    Raises:
        ValueError: If the method is unknown, or ``max_per_img`` is below 1.
    """

    def __init__(
        self,
        method: str = 'nms',
        iou_thr: float = 0.5,
        max_per_img: int = 500,
        max_per_view: int = 2000,
        merge_cfg: dict | None = None,
        view_test_cfg: dict | None = None,
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
        self.view_test_cfg = dict(view_test_cfg or {})

    def test_step(self, data: Any) -> list[DetDataSample]:
        """Detect objects in all views of a batch and merge the detections."""
        with self.view_settings():
            return super().test_step(data)

    def view_settings(self) -> AbstractContextManager[None]:
        """Return a context that gives the detector a view's settings."""
        return raised_cap(self.module, self.max_per_view, self.view_test_cfg)

    def _merge_single_sample(
        self, data_samples: list[DetDataSample]
    ) -> DetDataSample:
        """Merge the views of one image into the first data sample."""
        merged = data_samples[0]
        merged.pred_instances = self._merge(data_samples)
        return merged

    def _merge(
        self, data_samples: list[DetDataSample], duplicates: bool = True
    ) -> InstanceData:
        """Merge the detections of all views of one image.

        Args:
            data_samples: Views of the image, predictions in source pixels.
            duplicates: If False, there are no duplicates to suppress: only
                valid ranges and the limit are applied.
        """
        views, ranges = [], []
        for data_sample in data_samples:
            meta = data_sample.metainfo
            views.append(
                as_detections(
                    data_sample.pred_instances,
                    meta['ori_shape'],
                    meta['flip_direction'] if meta.get('flip') else None,
                )
            )
            ranges.append(tuple(meta.get('valid_range') or (0.0, np.inf)))
        if duplicates:
            how = {
                'method': self.method,
                'iou_thr': self.iou_thr,
                **self.merge_cfg,
            }
        else:
            how = {'method': 'nms', 'iou_thr': np.inf}
        merged = merge_scales(views, ranges, max_num=self.max_per_img, **how)
        device = data_samples[0].pred_instances.bboxes.device
        return as_instances(merged, device)


def as_detections(
    pred: InstanceData,
    ori_shape: tuple[int, int] = (0, 0),
    flip_direction: str | None = None,
) -> Detections:
    """Convert predictions to arrays and undo the flip.

    Args:
        pred: ``bboxes`` (n, 4), ``scores`` (n,) and ``labels`` (n,).
        ori_shape: (height, width) of the image in the boxes' pixels.
        flip_direction: Direction of the image's flip; None without a flip.
    """
    bboxes = pred.bboxes
    if flip_direction is not None:
        bboxes = bbox_flip(bboxes, ori_shape, flip_direction)
    return Detections(
        # NumPy has no bfloat16, the type of mixed precision on CPUs.
        bboxes.float().cpu().numpy(),
        pred.scores.float().cpu().numpy(),
        pred.labels.cpu().numpy(),
    )


def as_instances(
    detections: Detections, device: torch.device | str = 'cpu'
) -> InstanceData:
    """Convert detections to tensors."""
    return InstanceData(
        bboxes=torch.from_numpy(detections.bboxes).to(device),
        scores=torch.from_numpy(detections.scores).to(device),
        labels=torch.from_numpy(detections.labels.astype(np.int64)).to(device),
    )


@contextmanager
def raised_cap(
    detector: nn.Module,
    max_per_img: int,
    values: Mapping[str, Any] | None = None,
) -> Iterator[None]:
    """Raise a detector's limit of detections inside a ``with`` block.

    Args:
        detector: The detector.
        max_per_img: The limit, unless the detector's limit is higher or
            absent.
        values: Other values of the head's ``test_cfg``. Defaults to None.
    """
    head: Any = getattr(detector, 'roi_head', None)
    if head is None:
        head = getattr(detector, 'bbox_head', None)
    cfg = getattr(head, 'test_cfg', None) or {}
    changed = dict(values or {})
    if 0 < cfg.get('max_per_img', -1) < max_per_img:
        changed['max_per_img'] = max_per_img
    if head is None or not changed:
        yield
        return
    head.test_cfg = type(cfg)({**cfg, **changed})
    try:
        yield
    finally:
        head.test_cfg = cfg
