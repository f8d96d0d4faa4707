"""Stand-ins for mmcv's NMS and soft NMS."""

import numpy as np
import torch
from torch import Tensor

from mmhcm.functional.merging import soft_nms
from mmhcm.functional.merging.suppression import suppress

from .backend import uses_torchvision

# mmcv's numbers for the methods of soft NMS.
_SOFT_METHODS = {1: 'linear', 2: 'gaussian'}


def nms(
    bboxes: Tensor, scores: Tensor, iou_threshold: float, offset: int
) -> Tensor:
    """Suppress boxes that overlap a better box.

    Boxes of equal scores keep their order, which compiled operators may
    change.

    Args:
        bboxes: (n, 4) xyxy.
        scores: (n,).
        iou_threshold: A box is dropped if its IoU with a kept box exceeds
            the threshold.
        offset: 0 or 1, added to widths and heights.

    Returns:
        int64 (k,) indices of kept boxes, by descending score.
    """
    bboxes = _widen(bboxes, offset)
    if uses_torchvision(bboxes.device.type):
        return torch.ops.torchvision.nms(
            bboxes, scores.to(bboxes.dtype), iou_threshold
        )
    order = torch.argsort(scores, descending=True, stable=True)
    keep = suppress(_as_array(bboxes[order]), iou_threshold)
    return order[torch.from_numpy(keep).to(order.device)]


def softnms(
    boxes: Tensor,
    scores: Tensor,
    dets: Tensor,
    iou_threshold: float,
    sigma: float,
    min_score: float,
    method: int,
    offset: int,
) -> Tensor:
    """Lower the scores of boxes that overlap a better box.

    The order of boxes with equal scores may differ from mmcv's.

    Args:
        boxes: (n, 4) xyxy.
        scores: (n,).
        dets: (n, 5); the first k rows are filled with kept boxes and their
            new scores.
        iou_threshold: Smallest IoU at which method 0 drops a box and method 1
            lowers a score.
        sigma: Width of method 2.
        min_score: Boxes with a lower new score are dropped.
        method: 0 (NMS), 1 (linear) or 2 (Gaussian).
        offset: 0 or 1, added to widths and heights.

    Returns:
        int64 (k,) indices of kept boxes, by descending new score.
    """
    bboxes = _as_array(_widen(boxes, offset))
    old_scores = _as_array(scores)
    # mmcv includes the threshold; soft_nms and suppress exclude it.
    iou_thr = float(np.nextafter(np.float32(iou_threshold), np.float32(-1)))
    if method in _SOFT_METHODS:
        inds, new_scores = soft_nms(
            bboxes,
            old_scores,
            np.zeros(len(bboxes), dtype=np.int64),
            method=_SOFT_METHODS[method],
            iou_thr=iou_thr,
            sigma=sigma,
            min_score=min_score,
        )
    else:
        order = np.argsort(-old_scores, kind='stable')
        inds = order[suppress(bboxes[order], iou_thr)]
        inds = inds[old_scores[inds] >= np.float32(min_score)]
        new_scores = old_scores[inds]
    kept = torch.from_numpy(inds)
    dets[: len(kept), :4] = boxes[kept]
    dets[: len(kept), 4] = torch.from_numpy(new_scores)
    return kept


def _widen(bboxes: Tensor, offset: int) -> Tensor:
    """Add mmcv's offset to widths and heights."""
    return bboxes + bboxes.new_tensor([0, 0, offset, offset])


def _as_array(values: Tensor) -> np.ndarray:
    return values.detach().float().cpu().numpy()
