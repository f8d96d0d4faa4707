"""Types of detection errors, following TIDE (Bolya et al., ECCV 2020)."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from mmhcm.functional.boxes import as_bboxes, box_iof, box_iou
from mmhcm.functional.regions import union_shares


class DetectionType(IntEnum):
    """Type of a detection; every detection has exactly one.

    The object of an error is the object that the detection overlaps most.
    """

    BELOW_THR = 0
    """Score below the threshold: not evaluated."""
    TRUE_POSITIVE = 1
    """Right class, right position, and the highest score on its object."""
    CLASS = 2
    """Right position, wrong class."""
    LOCALIZATION = 3
    """Right class, but too little overlap, or a part of the object."""
    BOTH = 4
    """Wrong class, and too little overlap, or a part of the object."""
    DUPLICATE = 5
    """Right class and position, but the object is already matched."""
    BACKGROUND = 6
    """No object at this position."""
    IGNORED = 7
    """Detection in ignored regions or on an ignored object: no error."""


@dataclass(frozen=True)
class ErrorTypes:
    """Errors of one image, the result of `classify_errors`.

    Attributes:
        det_types: int8 (n,), values of `DetectionType`.
        det_gt_inds: int64 (n,), the matched object, or the object of the
            error; -1 for the types BELOW_THR, BACKGROUND and IGNORED.
        missed: bool (m,), expected objects that are missed.
        parts: bool (n,), detections that are BACKGROUND by IoU alone, but are
            parts of an object; their types are LOCALIZATION and BOTH.
        expected: bool (m,), objects that should be found: neither ignored nor
            inside ignored regions.
    """

    det_types: np.ndarray
    det_gt_inds: np.ndarray
    missed: np.ndarray
    parts: np.ndarray
    expected: np.ndarray


def classify_errors(
    det_bboxes: np.ndarray,
    det_scores: np.ndarray,
    det_labels: np.ndarray,
    gt_bboxes: np.ndarray,
    gt_labels: np.ndarray,
    gt_ignore: np.ndarray,
    ignored_regions: np.ndarray,
    *,
    score_thr: float = 0.3,
    fg_thr: float = 0.5,
    bg_thr: float = 0.1,
    ignored_iof_thr: float = 0.5,
    part_thr: float = 0.5,
) -> ErrorTypes:
    """Assign a type to every detection of one image; find missed objects.

    1. In descending order of score (ties: the earlier row), each detection
       with a score of at least ``score_thr`` takes the free object of its
       class that it overlaps most, at an IoU of at least ``fg_thr``.
    2. The other detections are IGNORED if at least ``ignored_iof_thr`` of
       their area is in the union of ignored regions and ignored objects.
    3. The rest are errors. The type of an error depends on the object that the
       detection overlaps most (ties: an object of the detection's class, then
       the earlier row). TIDE's reference implementation tests the types one
       after another instead, so that a detection of the wrong class on one
       object counts as a localization error if the detection touches another
       object of its own class.
    4. A detection that overlaps no object by ``bg_thr``, but has at least
       ``part_thr`` of its own area in an object, such as the wheel of a car,
       is not on background. The object of the error is the object that
       contains most of the detection (ties as above). TIDE has no such rule.
    5. An object is missed if it is not the object of a true positive or of a
       CLASS or LOCALIZATION error, as in TIDE; parts (rule 4) do not count.
       An object that is ignored, or has at least ``ignored_iof_thr`` of its
       area in ignored regions, is never missed.

    Args:
        det_bboxes: (n, 4) xyxy, pixels of the same image as all other boxes.
        det_scores: (n,).
        det_labels: (n,).
        gt_bboxes: (m, 4) xyxy.
        gt_labels: (m,).
        gt_ignore: bool (m,).
        ignored_regions: (r, 4) xyxy.
        score_thr: Lowest score of a detection. Defaults to 0.3.
        fg_thr: Lowest IoU of the right position. Defaults to 0.5.
        bg_thr: Lowest IoU with an object of a detection that is not on
            background. Defaults to 0.1.
        ignored_iof_thr: Share of a box in ignored pixels from which the box
            is ignored. Defaults to 0.5.
        part_thr: Share of a detection in an object from which the detection is
            a part of the object. Defaults to 0.5.

    Examples:
        >>> types = classify_errors(
        ...     det_bboxes=[[0, 0, 10, 10], [80, 80, 90, 90]],
        ...     det_scores=[0.9, 0.8],
        ...     det_labels=[1, 0],
        ...     gt_bboxes=[[0, 0, 10, 10], [40, 40, 60, 60]],
        ...     gt_labels=[0, 0],
        ...     gt_ignore=[False, False],
        ...     ignored_regions=[],
        ... )
        >>> [DetectionType(value).name for value in types.det_types]
        ['CLASS', 'BACKGROUND']
        >>> types.missed
        array([False,  True])
    """
    det_bboxes = as_bboxes(det_bboxes).astype(np.float64)
    gt_bboxes = as_bboxes(gt_bboxes).astype(np.float64)
    det_scores = np.asarray(det_scores).reshape(-1)
    det_labels = np.asarray(det_labels).reshape(-1)
    gt_labels = np.asarray(gt_labels).reshape(-1)
    gt_ignore = np.asarray(gt_ignore, dtype=bool).reshape(-1)
    ignored_regions = as_bboxes(ignored_regions)

    det_types = np.full(len(det_bboxes), DetectionType.BELOW_THR, np.int8)
    det_gt_inds = np.full(len(det_bboxes), -1, dtype=np.int64)
    shown = np.flatnonzero(det_scores >= score_thr)
    valid = np.flatnonzero(~gt_ignore)

    ious = box_iou(det_bboxes[shown], gt_bboxes[valid])  # (n', m')
    same = det_labels[shown, None] == gt_labels[None, valid]
    matched = _match(np.where(same, ious, -1), det_scores[shown], fg_thr)
    nearest, types = type_errors(ious, same, fg_thr, bg_thr)
    inside, parts = _type_parts(
        box_iof(det_bboxes[shown], gt_bboxes[valid]), same, types, part_thr
    )
    nearest = np.where(parts, inside, nearest)
    ignored = union_shares(
        det_bboxes[shown],
        np.concatenate([ignored_regions, gt_bboxes[gt_ignore]]),
    )
    types[ignored >= ignored_iof_thr] = DetectionType.IGNORED
    parts &= types != DetectionType.IGNORED
    types[matched >= 0] = DetectionType.TRUE_POSITIVE
    nearest = np.where(matched >= 0, matched, nearest)
    nearest[
        np.isin(types, (DetectionType.BACKGROUND, DetectionType.IGNORED))
    ] = -1

    det_types[shown] = types
    # An index of -1 must not select the last valid object.
    has_gt = nearest >= 0
    det_gt_inds[shown[has_gt]] = valid[nearest[has_gt]]
    det_parts = np.zeros(len(det_bboxes), dtype=bool)
    det_parts[shown] = parts

    explains = np.isin(
        det_types,
        (
            DetectionType.TRUE_POSITIVE,
            DetectionType.CLASS,
            DetectionType.LOCALIZATION,
        ),
    )
    expected = ~gt_ignore
    expected &= union_shares(gt_bboxes, ignored_regions) < ignored_iof_thr
    missed = expected.copy()
    missed[det_gt_inds[explains & ~det_parts]] = False
    return ErrorTypes(det_types, det_gt_inds, missed, det_parts, expected)


def _match(
    same_ious: np.ndarray, scores: np.ndarray, fg_thr: float
) -> np.ndarray:
    """Match detections with objects: indices (n,), -1 for none."""
    matched = np.full(len(scores), -1, dtype=np.int64)
    same_ious = same_ious.copy()
    candidates = np.greater_equal(same_ious.max(axis=1, initial=-1), fg_thr)
    for det_ind in np.argsort(-scores, kind='stable'):
        if not candidates[det_ind]:
            continue
        gt_ind = same_ious[det_ind].argmax()
        if same_ious[det_ind, gt_ind] >= fg_thr:
            matched[det_ind] = gt_ind
            same_ious[:, gt_ind] = -1  # taken
    return matched


def type_errors(
    ious: np.ndarray, same: np.ndarray, fg_thr: float, bg_thr: float
) -> tuple[np.ndarray, np.ndarray]:
    """Find nearest object (n,) and error type (n,) of unmatched detections."""
    num_dets, num_gts = ious.shape
    if num_gts == 0:
        return (
            np.full(num_dets, -1, dtype=np.int64),
            np.full(num_dets, DetectionType.BACKGROUND, dtype=np.int8),
        )
    best, nearest = _nearest(ious, same)
    own = same[np.arange(num_dets), nearest]
    types = np.where(
        best >= fg_thr,
        np.where(own, DetectionType.DUPLICATE, DetectionType.CLASS),
        np.where(own, DetectionType.LOCALIZATION, DetectionType.BOTH),
    ).astype(np.int8)
    types[(best < bg_thr) | (best <= 0)] = DetectionType.BACKGROUND
    return nearest, types


def _type_parts(
    iofs: np.ndarray, same: np.ndarray, types: np.ndarray, part_thr: float
) -> tuple[np.ndarray, np.ndarray]:
    """Change, in place, the types of background errors that are parts.

    Returns:
        int64 (n,), the object that contains most of each detection, and bool
        (n,), True for parts.
    """
    if iofs.shape[1] == 0:
        return np.zeros(len(iofs), np.int64), np.zeros(len(iofs), bool)
    best, nearest = _nearest(iofs, same)
    parts = (types == DetectionType.BACKGROUND) & (best >= part_thr)
    parts &= best > 0
    own = same[np.arange(len(iofs)), nearest]
    types[parts & own] = DetectionType.LOCALIZATION
    types[parts & ~own] = DetectionType.BOTH
    return nearest, parts


def _nearest(
    overlaps: np.ndarray, same: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Find the largest overlap (n,) and its object; ties: the same class."""
    best = overlaps.max(axis=1)
    tied = np.equal(overlaps, best[:, None])
    # argmax takes the first largest value: same class 2, other class 1.
    return best, (tied * (1 + same.astype(np.int8))).argmax(axis=1)
