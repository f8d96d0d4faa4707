"""Merging of the detections of several test scales or slices.

All boxes of one call are in pixels of the same image. Suppression is by
class. Equal scores keep their order.
"""

from collections.abc import Sequence

import numpy as np

from mmhcm.functional.boxes import sqrt_areas

from .suppression import Detections, _as_arrays, nms, soft_nms

METHODS = ('nms', 'soft_nms_linear', 'soft_nms_gaussian')


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
    """Merge the detections of several test scales of one image.

    1. Detections out of their scale's valid range are dropped, before any
       limit on the number: only 500 detections of an image count, and dropped
       detections must not use up the limit.
    2. Duplicates are suppressed within each class, over all scales.
    3. The best ``max_num`` over all classes are kept.

    Args:
        detections: (bboxes (n, 4), scores (n,), labels (n,)) of each scale
            or slice, in pixels of the whole image, not yet capped.
        valid_ranges: (low, high) of each scale for sqrt(area) in pixels of
            the whole image, low <= size < high. Defaults to None: all
            detections are kept.
        method: 'nms', 'soft_nms_linear' or 'soft_nms_gaussian'. Defaults to
            'nms'.
        iou_thr: IoU threshold of 'nms' and 'soft_nms_linear'. Defaults to
            0.5.
        max_num: Maximum number of detections to return. Defaults to 500.
        sigma: Width of 'soft_nms_gaussian'. Defaults to 0.5.
        min_score: Score below which the soft methods drop a detection.
            Defaults to 0.001.

    Returns:
        Detections in descending order of score.

    Raises:
        ValueError: If the method is unknown, the number of ranges is not the
            number of scales, or arrays of a scale have different lengths.

    Examples:
        >>> fine = ([[0, 0, 10, 10], [0, 0, 200, 200]], [0.8, 0.9], [0, 0])
        >>> coarse = ([[1, 0, 11, 10]], [0.7], [0])
        >>> merged = merge_scales([fine, coarse], [(0, 64), (0, np.inf)])
        >>> merged.bboxes
        array([[ 0.,  0., 10., 10.]], dtype=float32)
        >>> merged.scores
        array([0.8], dtype=float32)
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


def _in_range(
    part: Detections, valid_range: tuple[float, float]
) -> Detections:
    low, high = valid_range
    sizes = sqrt_areas(part.bboxes)
    keep = (low <= sizes) & (sizes < high)
    return Detections(*(array[keep] for array in part))
