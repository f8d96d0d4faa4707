"""Fusion of several detectors' detections of one image.

All boxes of one call are in pixels of the same image.
"""

from collections.abc import Sequence

import numpy as np

from .suppression import Detections, nms, soft_nms

METHODS = ('wbf', 'nmw', 'nms', 'soft-nms')
# Far below the last digit of result files, far above float64's precision.
_TIE_STEP = 1e-12


def fuse_detections(
    detections: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]],
    weights: Sequence[float] | None = None,
    method: str = 'wbf',
    iou_thr: float = 0.55,
    skip_box_thr: float = 0.0,
) -> Detections:
    """Fuse several detectors' boxes of one image, class by class.

    - 'wbf', weighted boxes fusion (Solovyev, Wang, Gabruseva 2021):
      overlapping boxes are replaced by their mean, weighted by detector and
      score. The score is the weighted mean score, times the share of the
      detectors (by weight) that found the object.
    - 'nmw', non-maximum weighted: the mean is also weighted by the overlap
      with the best box; the score is the score of the best box.
    - 'nms': the best box, unchanged.
    - 'soft-nms' (gaussian): all boxes; overlaps lower the scores.

    All methods but 'wbf' multiply scores by weight / largest weight. The
    result does not depend on the order of the detectors.

    Args:
        detections: (bboxes (n, 4) xyxy, scores (n,) in [0, 1], labels (n,))
            of each detector. Boxes without area are dropped.
        weights: Positive weight of each detector. Defaults to None, all 1.
        method: One of ``METHODS``. Defaults to 'wbf'.
        iou_thr: IoU above which boxes of a class are the same object; not
            used by 'soft-nms'. Defaults to 0.55.
        skip_box_thr: Detections with a lower score are dropped before the
            fusion. Defaults to 0.

    Returns:
        Detections in descending order of score, scores in [0, 1].

    Raises:
        ValueError: If the method is unknown, a threshold is outside [0, 1],
            or there is not one positive weight for each detector.
        ImportError: If ensemble-boxes, which 'wbf' and 'nmw' need, is not
            installed.

    Examples:
        >>> first = ([[0, 0, 10, 10]], [0.8], [0])
        >>> second = ([[2, 0, 12, 10], [50, 50, 60, 60]], [0.8, 0.6], [0, 1])
        >>> fused = fuse_detections([first, second])
        >>> fused.bboxes
        array([[ 1.,  0., 11., 10.],
               [50., 50., 60., 60.]], dtype=float32)
        >>> fused.scores
        array([0.8, 0.3], dtype=float32)
    """
    if method not in METHODS:
        raise ValueError(f'method must be one of {METHODS}: {method!r}')
    for name, thr in (('iou_thr', iou_thr), ('skip_box_thr', skip_box_thr)):
        if not 0 <= thr <= 1:
            raise ValueError(f'{name} must be in [0, 1], not {thr:g}')
    powers = check_weights(weights, len(detections))
    bboxes, scores, labels, sources = _concatenate(detections, skip_box_thr)
    if not len(bboxes):
        return _sorted(bboxes, scores, labels)
    if method in ('wbf', 'nmw'):
        return _fuse(bboxes, scores, labels, sources, powers, method, iou_thr)
    scores = scores * (powers / powers.max())[sources]
    order = _canonical_order(bboxes, scores, labels)
    bboxes, scores, labels = bboxes[order], scores[order], labels[order]
    if method == 'nms':
        keep = nms(bboxes, scores, labels, iou_thr)
        return Detections(
            bboxes[keep].astype(np.float32),
            scores[keep].astype(np.float32),
            labels[keep],
        )
    keep, new_scores = soft_nms(bboxes, scores, labels, min_score=1e-5)
    return _sorted(bboxes[keep], new_scores, labels[keep])


def check_weights(
    weights: Sequence[float] | None, num_detectors: int
) -> np.ndarray:
    """Check the weights of detectors and return them as an array.

    Args:
        weights: Positive weight of each detector; None means all 1.
        num_detectors: Number of detectors.

    Returns:
        float64 (num_detectors,).

    Raises:
        ValueError: If there is not one positive, finite weight for each
            detector.

    Examples:
        >>> check_weights([2, 1], num_detectors=2)
        array([2., 1.])
        >>> check_weights(None, num_detectors=3)
        array([1., 1., 1.])
    """
    if weights is None:
        return np.ones(num_detectors)
    if len(weights) != num_detectors:
        raise ValueError(f'{len(weights)} weights for {num_detectors} results')
    array = np.asarray(weights, dtype=np.float64)
    if not (np.isfinite(array).all() and (array > 0).all()):
        raise ValueError(
            f'weights must be positive: {" ".join(f"{w:g}" for w in array)}'
        )
    return array


def _concatenate(
    detections: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]],
    skip_box_thr: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Concatenate boxes, scores (float64), labels and detector indices."""
    parts = [
        (
            np.asarray(bboxes, dtype=np.float64).reshape(-1, 4),
            np.asarray(scores, dtype=np.float64).reshape(-1),
            np.asarray(labels).reshape(-1).astype(np.int64),
        )
        for bboxes, scores, labels in detections
    ]
    empty = (np.zeros((0, 4)), np.zeros(0), np.zeros(0, dtype=np.int64))
    bboxes, scores, labels = (
        np.concatenate(arrays) for arrays in zip(empty, *parts, strict=True)
    )
    counts = [len(part[0]) for part in parts]
    sources = np.repeat(np.arange(len(parts)), counts)
    keep = (bboxes[:, 2:] > bboxes[:, :2]).all(axis=1)
    keep &= scores >= skip_box_thr
    return bboxes[keep], scores[keep], labels[keep], sources[keep]


def _fuse(
    bboxes: np.ndarray,
    scores: np.ndarray,
    labels: np.ndarray,
    sources: np.ndarray,
    weights: np.ndarray,
    method: str,
    iou_thr: float,
) -> Detections:
    """Fuse with ensemble-boxes, in its coordinates and order of boxes."""
    try:
        import ensemble_boxes
    except ImportError as error:
        raise ImportError(
            f'{method} needs the package ensemble-boxes (pip install '
            f'ensemble-boxes): {error}'
        ) from error
    # The package requires [0, 1]. IoU and means of corners are invariant to
    # shifting and scaling an axis, so any common frame gives the same result.
    low = bboxes[:, :2].min(axis=0)
    extent = bboxes[:, 2:].max(axis=0) - low
    frame, offset = np.tile(extent, 2), np.tile(low, 2)
    unit_bboxes = np.clip((bboxes - offset) / frame, 0, 1)
    # The package's sort is not stable, and result files have many equal
    # scores. Tiny steps order equal scores by the boxes instead.
    order = _canonical_order(bboxes, scores * weights[sources], labels)
    steps = np.empty(len(order))
    steps[order] = np.arange(len(order), 0, -1) * _TIE_STEP
    ranked_scores = scores + steps / weights[sources]
    parts = [sources == source for source in range(len(weights))]
    arguments = (
        [unit_bboxes[part] for part in parts],
        [ranked_scores[part] for part in parts],
        [labels[part] for part in parts],
    )
    if method == 'nmw':
        fused = ensemble_boxes.non_maximum_weighted(
            *arguments, weights=weights, iou_thr=iou_thr
        )
    else:
        # The default lets a weighted score exceed 1 if one detector has
        # several boxes in a group; this option is a mean.
        fused = ensemble_boxes.weighted_boxes_fusion(
            *arguments,
            weights=weights,
            iou_thr=iou_thr,
            conf_type='box_and_model_avg',
        )
    fused_bboxes, fused_scores, fused_labels = fused
    return _sorted(
        fused_bboxes * frame + offset,
        np.clip(fused_scores, 0, 1),
        fused_labels.astype(np.int64),
    )


def _canonical_order(
    bboxes: np.ndarray, scores: np.ndarray, labels: np.ndarray
) -> np.ndarray:
    """Sort by descending score; equal scores by label and corners."""
    return np.lexsort((*bboxes.T[::-1], labels, -scores))


def _sorted(
    bboxes: np.ndarray, scores: np.ndarray, labels: np.ndarray
) -> Detections:
    order = _canonical_order(bboxes, scores, labels)
    return Detections(
        bboxes[order].astype(np.float32),
        scores[order].astype(np.float32),
        labels[order],
    )
