"""Suppress duplicate detections, and merge those of several test scales.

All boxes of one call are in pixels of the same image. Suppression is by
class. Equal scores keep the order in which they came.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mmhcm.functional.boxes import as_bboxes, box_iou, sqrt_areas
from mmhcm.functional.sparse_nms import suppress

METHODS = ('nms', 'soft_nms_linear', 'soft_nms_gaussian')


class Detections(NamedTuple):
    """Boxes (n, 4) xyxy float32, scores (n,) float32, labels (n,) int64."""

    bboxes: np.ndarray
    scores: np.ndarray
    labels: np.ndarray


def nms(
    bboxes: np.ndarray,
    scores: np.ndarray,
    labels: np.ndarray,
    iou_thr: float = 0.5,
) -> np.ndarray:
    """Greedy non-maximum suppression within each class.

    Args:
        bboxes: (n, 4) xyxy.
        scores: (n,).
        labels: (n,) integers.
        iou_thr: A box goes when its IoU with a kept one exceeds this.

    Returns:
        int64 (k,) indices of what is kept, by descending score.
    """
    bboxes, scores, labels = _as_arrays(bboxes, scores, labels)
    keep = np.ones(len(bboxes), dtype=bool)
    for inds in _class_groups(scores, labels):
        keep[inds] = suppress(bboxes[inds], iou_thr)
    order = np.argsort(-scores, kind='stable')
    return order[keep[order]]


def soft_nms(
    bboxes: np.ndarray,
    scores: np.ndarray,
    labels: np.ndarray,
    *,
    method: str = 'gaussian',
    iou_thr: float = 0.5,
    sigma: float = 0.5,
    min_score: float = 1e-3,
) -> tuple[np.ndarray, np.ndarray]:
    """Lower the scores of overlapping boxes of a class, drop the lowest.

    With each box taken, best first, others of its class lose: 'linear'
    multiplies by 1 - IoU where IoU exceeds ``iou_thr``, 'gaussian' by
    exp(-IoU^2 / sigma) everywhere.

    Args:
        bboxes: (n, 4) xyxy.
        scores: (n,).
        labels: (n,) integers.
        method: 'linear' or 'gaussian'.
        iou_thr: Threshold of 'linear'.
        sigma: Width of 'gaussian'.
        min_score: Boxes whose score falls below this are dropped.

    Returns:
        int64 (k,) indices of what is kept, by descending new score, and
        their new scores, float32 (k,).
    """
    if method not in ('linear', 'gaussian'):
        raise ValueError(f"method must be 'linear' or 'gaussian': {method!r}")
    if sigma <= 0:
        raise ValueError(f'sigma must be positive, not {sigma}')
    bboxes, scores, labels = _as_arrays(bboxes, scores, labels)
    new_scores = np.zeros(len(scores))
    for inds in _class_groups(scores, labels):
        new_scores[inds] = _soften_one_class(
            bboxes[inds],
            scores[inds],
            None if method == 'gaussian' else iou_thr,
            sigma,
            min_score,
        )
    new_scores = new_scores.astype(np.float32)
    order = np.argsort(-new_scores, kind='stable')
    keep = order[new_scores[order] >= np.float32(min_score)]
    return keep, new_scores[keep]


def merge_scales(
    detections: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]],
    valid_ranges: Sequence[tuple[float, float]] | None = None,
    method: str = 'nms',
    iou_thr: float = 0.5,
    max_num: int = 500,
    *,
    sigma: float = 0.5,
    min_score: float = 1e-3,
) -> Detections:
    """Merge the detections that several test scales made of one image.

    1. Where ranges are given, drop what is out of its scale's range. This
       comes before any limit on the number, since an image has room for 500
       detections that count and not for those that would be dropped.
    2. Suppress duplicates within each class, over all scales.
    3. Keep the best ``max_num`` over all classes.

    Args:
        detections: (bboxes (n, 4), scores (n,), labels (n,)) of each scale
            or slice, in pixels of the whole image, not yet capped.
        valid_ranges: (low, high) of each scale for sqrt(area) in pixels of
            the whole image, low <= size < high. Defaults to None: all stay.
        method: 'nms', 'soft_nms_linear' or 'soft_nms_gaussian'.
        iou_thr: IoU threshold of 'nms' and 'soft_nms_linear'.
        max_num: Most detections to return.
        sigma: Width of 'soft_nms_gaussian'.
        min_score: Both soft methods drop what falls below this.

    Returns:
        Detections by descending score.

    Raises:
        ValueError: as many ranges as scales are needed, and a known method.
    """
    if method not in METHODS:
        raise ValueError(f'method must be one of {METHODS}: {method!r}')
    if valid_ranges is not None and len(valid_ranges) != len(detections):
        raise ValueError(
            f'{len(valid_ranges)} valid ranges for {len(detections)} scales'
        )
    parts = [_as_arrays(*part) for part in detections]
    if valid_ranges is not None:
        parts = [
            _in_range(part, valid_range)
            for part, valid_range in zip(parts, valid_ranges, strict=True)
        ]
    empty = _as_arrays(np.zeros((0, 4)), np.zeros(0), np.zeros(0))
    bboxes, scores, labels = (
        np.concatenate(arrays) for arrays in zip(empty, *parts, strict=True)
    )
    if method == 'nms':
        keep = nms(bboxes, scores, labels, iou_thr)[:max_num]
        return Detections(bboxes[keep], scores[keep], labels[keep])
    keep, new_scores = soft_nms(
        bboxes,
        scores,
        labels,
        method=method.removeprefix('soft_nms_'),
        iou_thr=iou_thr,
        sigma=sigma,
        min_score=min_score,
    )
    keep, new_scores = keep[:max_num], new_scores[:max_num]
    return Detections(bboxes[keep], new_scores, labels[keep])


def _as_arrays(
    bboxes: np.ndarray, scores: np.ndarray, labels: np.ndarray
) -> Detections:
    detections = Detections(
        as_bboxes(bboxes),
        np.asarray(scores, dtype=np.float32).reshape(-1),
        np.asarray(labels).reshape(-1).astype(np.int64),
    )
    if len({len(array) for array in detections}) > 1:
        raise ValueError(
            '{} boxes, {} scores and {} labels do not belong together'.format(
                *map(len, detections)
            )
        )
    return detections


def _in_range(
    part: Detections, valid_range: tuple[float, float]
) -> Detections:
    low, high = valid_range
    sizes = sqrt_areas(part.bboxes)
    keep = (low <= sizes) & (sizes < high)
    return Detections(*(array[keep] for array in part))


def _class_groups(scores: np.ndarray, labels: np.ndarray) -> list[np.ndarray]:
    """Indices of each class' boxes, by descending score, stable."""
    order = np.argsort(-scores, kind='stable')
    order = order[np.argsort(labels[order], kind='stable')]
    starts = np.flatnonzero(np.diff(labels[order])) + 1
    return np.split(order, starts) if len(order) else []


def _soften_one_class(
    bboxes: np.ndarray,
    scores: np.ndarray,
    iou_thr: float | None,
    sigma: float,
    min_score: float,
) -> np.ndarray:
    """New scores (n,) of the boxes of a class; 0 for those dropped."""
    new_scores = np.zeros(len(scores))
    rest = np.flatnonzero(scores >= min_score)
    current = scores[rest].astype(np.float64)
    for _ in range(len(scores)):
        if not len(rest):
            break
        top = int(current.argmax())  # the first one of equal scores
        best = rest[top]
        new_scores[best] = current[top]
        rest, current = np.delete(rest, top), np.delete(current, top)
        iou = box_iou(bboxes[best, None], bboxes[rest])[0]
        # Compared as float32: widened first, an IoU of 0.3 exceeds 0.3.
        loss = iou.astype(np.float64)
        if iou_thr is None:
            current = current * np.exp(-(loss**2) / sigma)
        else:
            current = current * np.where(iou > iou_thr, 1 - loss, 1)
        alive = current >= min_score
        rest, current = rest[alive], current[alive]
    return new_scores
