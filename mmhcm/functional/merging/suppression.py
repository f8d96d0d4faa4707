"""Suppression of duplicate detections; only overlapping boxes are compared.

All boxes of one call are in pixels of the same image. Equal scores keep their
order.
"""

import math
from typing import NamedTuple

import numpy as np

from mmhcm.functional.boxes import as_bboxes, box_areas
from mmhcm.functional.compiled import compiled

# Largest number of pairs that are compared at once.
_MAX_PAIRS = 1_000_000
_SOFTEN_TYPES = 'void(f8[::1], f8[::1], f4[:,::1], f4[::1], f4, f8, f8, b1)'
_NONE = np.float32(0)


def suppress(bboxes: np.ndarray, iou_thr: float) -> np.ndarray:
    """Suppress boxes of one class greedily, best first.

    Args:
        bboxes: float32 (n, 4) xyxy, by descending score.
        iou_thr: IoU with a better, kept box above which a box is dropped.

    Returns:
        bool (n,), True for kept boxes.
    """
    if iou_thr < 0:
        # Pairs without overlap exceed the threshold too.
        return np.arange(len(bboxes)) == 0
    better, worse = _overlapping_pairs(bboxes, iou_thr)
    alive = np.ones(len(bboxes), dtype=bool)
    keep = np.ones(len(bboxes), dtype=bool)
    # A box that no better box overlaps is kept, and the boxes that it
    # overlaps are dropped. Each iteration decides at least the best box left.
    for _ in range(len(bboxes)):
        if not len(better):
            break
        threatened = np.zeros(len(bboxes), dtype=bool)
        threatened[worse] = True
        winners = alive & ~threatened
        gone = worse[winners[better]]
        alive[gone] = keep[gone] = False
        # Pairs with a decided box are settled.
        left = alive[better] & alive[worse] & ~winners[better]
        better, worse = better[left], worse[left]
    return keep


def _overlapping_pairs(
    bboxes: np.ndarray, iou_thr: float
) -> tuple[np.ndarray, np.ndarray]:
    """Find the pairs (better, worse) whose IoU exceeds ``iou_thr``."""
    areas = box_areas(bboxes)
    order = np.argsort(bboxes[:, 0], kind='stable')
    starts = bboxes[order, 0]
    # Boxes that overlap the i-th from the left start before the i-th ends.
    counts = np.searchsorted(starts, bboxes[order, 2], side='left')
    counts = np.maximum(counts - np.arange(len(order)) - 1, 0)
    pairs: list[np.ndarray] = []
    for begin, end in _blocks(counts):
        block = counts[begin:end]
        first = np.repeat(np.arange(begin, end), block)
        rank = np.arange(len(first)) - np.repeat(
            np.cumsum(block) - block, block
        )
        one, two = order[first], order[first + 1 + rank]
        low = np.maximum(bboxes[one, 1], bboxes[two, 1])
        high = np.minimum(bboxes[one, 3], bboxes[two, 3])
        near = high > low
        one, two, tall = one[near], two[near], (high - low)[near]
        wide = np.minimum(bboxes[one, 2], bboxes[two, 2]) - bboxes[two, 0]
        inter = np.maximum(wide, 0) * tall
        one, two = np.minimum(one, two), np.maximum(one, two)
        union = areas[one] + areas[two] - inter
        # As in box_iou, the IoU is 0 without a union.
        over = np.divide(
            inter, union, out=np.zeros_like(inter), where=union > 0
        )
        over = over > iou_thr
        pairs.append(np.stack([one[over], two[over]]))
    if not pairs:
        none = np.zeros(0, dtype=np.int64)
        return none, none
    better, worse = np.concatenate(pairs, axis=1)
    return better, worse


def _blocks(counts: np.ndarray) -> list[tuple[int, int]]:
    """Split boxes into runs with a bounded number of pairs."""
    ends = np.cumsum(counts)
    blocks: list[tuple[int, int]] = []
    begin = 0
    for _ in range(len(counts)):
        if begin >= len(counts):
            break
        done = ends[begin - 1] if begin else 0
        end = int(np.searchsorted(ends, done + _MAX_PAIRS, side='right'))
        end = max(end, begin + 1)
        blocks.append((begin, end))
        begin = end
    return blocks


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
    """Apply greedy non-maximum suppression within each class.

    Args:
        bboxes: (n, 4) xyxy.
        scores: (n,).
        labels: (n,) integers.
        iou_thr: IoU with a kept box above which a box is dropped. Defaults to
            0.5.

    Returns:
        int64 (k,) indices of kept boxes, in descending order of score.

    Raises:
        ValueError: If the arrays have different lengths.

    Examples:
        >>> bboxes = [[0, 0, 10, 10], [1, 0, 11, 10], [1, 0, 11, 10]]
        >>> nms(bboxes, scores=[0.7, 0.9, 0.5], labels=[0, 0, 1])
        array([1, 2])
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
    """Apply soft non-maximum suppression within each class.

    Boxes are taken in descending order of score. Each box lowers the scores of
    the remaining boxes of its class: 'linear' multiplies by 1 - IoU where the
    IoU exceeds ``iou_thr``, 'gaussian' multiplies by exp(-IoU^2 / sigma).

    Args:
        bboxes: (n, 4) xyxy.
        scores: (n,).
        labels: (n,) integers.
        method: 'linear' or 'gaussian'. Defaults to 'gaussian'.
        iou_thr: Threshold of 'linear'. Defaults to 0.5.
        sigma: Width of 'gaussian'. Defaults to 0.5.
        min_score: Score below which a box is dropped. Defaults to 0.001.

    Returns:
        int64 (k,) indices of kept boxes, in descending order of the new
        scores, and the new scores, float32 (k,).

    Raises:
        ValueError: If the method is unknown, ``sigma`` is not positive, or
            the arrays have different lengths.

    Examples:
        >>> bboxes = [[0, 0, 10, 10], [1, 0, 11, 10], [50, 0, 60, 10]]
        >>> inds, scores = soft_nms(bboxes, [0.7, 0.9, 0.5], [0, 0, 0])
        >>> inds
        array([1, 2, 0])
        >>> scores.round(2)
        array([0.9 , 0.5 , 0.18], dtype=float32)
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


def _class_groups(scores: np.ndarray, labels: np.ndarray) -> list[np.ndarray]:
    """Index the boxes of each class by descending score, stable."""
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
    """Compute new scores (n,) of the boxes of a class; 0 if dropped."""
    new_scores = np.zeros(len(scores))
    # Scores of float32 are compared with a threshold of float32, as in mmcv.
    min_score = float(np.float32(min_score))
    # Dropped boxes have -inf.
    current = np.where(scores >= min_score, scores, -np.inf).astype(float)
    compiled(_soften, _SOFTEN_TYPES)(
        new_scores,
        current,
        np.ascontiguousarray(bboxes),
        box_areas(bboxes),
        np.float32(0 if iou_thr is None else iou_thr),
        float(sigma),
        min_score,
        iou_thr is None,
    )
    return new_scores


def _soften(
    new_scores: np.ndarray,
    current: np.ndarray,
    bboxes: np.ndarray,
    areas: np.ndarray,
    iou_thr: np.float32,
    sigma: float,
    min_score: float,
    gaussian: bool,
) -> None:
    """Fill ``new_scores`` (n,), best first; ``current`` is overwritten."""
    for _ in range(len(current)):
        best = 0
        for ind in range(1, len(current)):
            if current[ind] > current[best]:  # the first of equal scores
                best = ind
        if current[best] == -np.inf:
            return
        new_scores[best] = current[best]
        current[best] = -np.inf
        x1, y1, x2, y2 = bboxes[best]
        for ind in range(len(current)):
            # A dropped box stays at -inf.
            width = min(x2, bboxes[ind, 2]) - max(x1, bboxes[ind, 0])
            height = min(y2, bboxes[ind, 3]) - max(y1, bboxes[ind, 1])
            inter = max(width, _NONE) * max(height, _NONE)
            union = areas[best] + areas[ind] - inter
            if not (inter > _NONE and union > _NONE):
                continue
            iou = inter / union
            loss = np.float64(iou)
            if gaussian:
                current[ind] *= math.exp(-(loss * loss) / sigma)
            elif iou > iou_thr:
                current[ind] *= 1 - loss
            if not current[ind] >= min_score:
                current[ind] = -np.inf
