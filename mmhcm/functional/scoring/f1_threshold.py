"""Score threshold with the best F1."""

import numpy as np

from .errors import DetectionType, ErrorTypes


def judged_detections(
    scores: np.ndarray, types: ErrorTypes, min_score: float
) -> tuple[np.ndarray, np.ndarray]:
    """Select the detections of one image that count for precision.

    Ignored detections, and true positives on objects that are not expected to
    be found, count neither as right nor as wrong.

    Args:
        scores: (n,).
        types: Result of ``classify_errors`` with ``score_thr=min_score``.
        min_score: Lowest score of a detection.

    Returns:
        (k,) scores, with the dtype of ``scores``, and bool (k,), True for
        true positives.

    Examples:
        >>> det_scores = np.array([0.9, 0.2])
        >>> types = classify_errors(
        ...     det_bboxes=[[0, 0, 10, 10], [80, 80, 90, 90]],
        ...     det_scores=det_scores,
        ...     det_labels=[0, 0],
        ...     gt_bboxes=[[0, 0, 10, 10]],
        ...     gt_labels=[0],
        ...     gt_ignore=[False],
        ...     ignored_regions=[],
        ...     score_thr=0.1,
        ... )
        >>> judged_detections(det_scores, types, min_score=0.1)
        (array([0.9, 0.2]), array([ True, False]))
    """
    scores = np.asarray(scores).reshape(-1)
    right = types.det_types == DetectionType.TRUE_POSITIVE
    unasked = right.copy()
    unasked[right] = ~types.expected[types.det_gt_inds[right]]
    judged = (scores >= min_score) & ~unasked
    judged &= types.det_types != DetectionType.IGNORED
    return scores[judged], right[judged]


def best_f1_threshold(
    scores: np.ndarray, is_right: np.ndarray, num_objects: int
) -> tuple[float, float]:
    """Find the score threshold with the best F1 over all classes.

    F1 is 2 * true positives / (detections + objects). True positives must not
    depend on detections with lower scores, as with matching in descending
    order of score.

    Args:
        scores: (n,).
        is_right: bool (n,), True for true positives.
        num_objects: Number of objects to find.

    Returns:
        The threshold, one of the scores, and its F1. Ties go to the highest
        threshold. Without detections, (1.0, 0.0).

    Examples:
        >>> is_right = [True, True, False]
        >>> best_f1_threshold([0.9, 0.6, 0.3], is_right, num_objects=2)
        (0.6, 1.0)
    """
    scores = np.asarray(scores).reshape(-1)
    if not len(scores):
        return 1.0, 0.0
    order = np.argsort(-scores, kind='stable')
    ranked = scores[order]
    num_right = np.cumsum(np.asarray(is_right, dtype=np.int64)[order])
    num_shown = np.arange(1, len(ranked) + 1)
    f1s = 2 * num_right / (num_shown + num_objects)
    # Equal scores pass a threshold together: only the last score counts.
    last = np.append(ranked[1:] != ranked[:-1], True)
    best = int(np.where(last, f1s, -1).argmax())
    return float(ranked[best]), float(f1s[best])
