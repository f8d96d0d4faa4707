"""Cost of each type of error in AP, following TIDE (Bolya et al., ECCV 2020).

A false positive has one of five types; an object without a true positive and
without a class or localization error is missed. The cost of a type is the gain
in AP if all errors of that type alone are fixed. Costs do not add up, because
errors of one type can hide errors of another.

AP is AP50 of the official VisDrone-DET protocol, with its matching: boxes with
at least half of their area in ignored regions are dropped, the first 500 rows
of an image count, and a detection on an ignored object of its class is no
error. Objects of category 11 belong to no class, so that a detection on such
an object is a false positive, of type background unless another object is
near.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmhcm.functional.boxes import box_iou

from .errors import DetectionType, type_errors
from .matched_objects import MatchedImage, match_images, rows_to_xyxy
from .matching import IOU_THRS
from .visdrone import ImageRecord, average_precisions

ERROR_TYPES = ('Cls', 'Loc', 'Both', 'Dupe', 'Bkg', 'Miss')
"""Wrong class, wrong position, both, duplicate, background, missed object."""
FIXES = (*ERROR_TYPES, 'FP', 'FN')
"""Fixes of one type each, of all false positives, of all false negatives."""
BG_THR = 0.1

_FG_IND = 0  # index of the IoU threshold 0.5
_CODES = {
    'Cls': DetectionType.CLASS,
    'Loc': DetectionType.LOCALIZATION,
    'Both': DetectionType.BOTH,
    'Dupe': DetectionType.DUPLICATE,
    'Bkg': DetectionType.BACKGROUND,
}


@dataclass(frozen=True)
class ErrorCosts:
    """AP50 by class, before and after each fix; NaN without objects.

    Attributes:
        ap: (C,) per cent.
        fixed_ap: (8, C) per cent, in the order of ``FIXES``.
        counts: int64 (6,), errors of each of ``ERROR_TYPES`` at all scores.
        num_images: int64 (C,), images that contain the class.
    """

    ap: np.ndarray
    fixed_ap: np.ndarray
    counts: np.ndarray
    num_images: np.ndarray

    def mean_ap(self, official: bool = True) -> float:
        """Average AP50 over classes.

        Args:
            official: If True, the weight of a class is the number of images
                that contain the class; if False, all weights are equal.
                Defaults to True.
        """
        return float(self._mean(self.ap[None], official)[0])

    def costs(self, official: bool = True) -> dict[str, float]:
        """Compute the gain of each fix in :meth:`mean_ap`, points of AP50."""
        added = self._mean(self.fixed_ap - self.ap, official)
        return dict(zip(FIXES, added.tolist(), strict=True))

    def _mean(self, values: np.ndarray, official: bool) -> np.ndarray:
        present = self.num_images > 0
        if not present.any():
            return np.full(len(values), np.nan)
        weights = self.num_images[present] if official else None
        return np.asarray(
            np.average(values[:, present], axis=1, weights=weights)
        )


@dataclass(frozen=True)
class _Table:
    """Detections of all images that are not ignored, in file order.

    Attributes:
        labels: int64 (m,), predicted.
        scores: (m,).
        types: int8 (m,), ``DetectionType``.
        objects: int64 (m,), the object of a true positive or an error,
            counted over all images; -1 for none.
        gt_labels: int64 (n,).
        missed: bool (n,).
        num_gt: int64 (C,), objects, ignored ones included: the denominator of
            recall.
    """

    labels: np.ndarray
    scores: np.ndarray
    types: np.ndarray
    objects: np.ndarray
    gt_labels: np.ndarray
    missed: np.ndarray
    num_gt: np.ndarray


def error_costs(
    images: Sequence[ImageRecord],
    num_classes: int = 10,
    bg_thr: float = BG_THR,
) -> ErrorCosts:
    """Compute the gain in AP50 from fixing each type of error.

    True positives are as in the official score at IoU 0.5. The type of every
    other detection that is not on an ignored object depends on the object that
    the detection overlaps most (ties: an object of the detection's class, then
    the earlier row):

    - Cls: IoU >= 0.5, other class. Fix: set the object's class.
    - Loc: ``bg_thr`` <= IoU < 0.5, same class. Fix: set the object's box.
    - Both: ``bg_thr`` <= IoU < 0.5, other class. Fix: remove.
    - Dupe: IoU >= 0.5, same class, object already matched. Fix: remove.
    - Bkg: IoU < ``bg_thr``. Fix: remove.
    - Miss: object without a true positive and without a Cls or Loc error.
      Fix: remove the object. A class that then has neither objects nor
      detections has an AP of 100.

    If a fix puts several detections on one object, only the detection with the
    highest score is kept.

    Args:
        images: Records, one per image, in the order of file names.
        num_classes: Classes are categories 1..num_classes. Defaults to 10.
        bg_thr: Lowest IoU with an object of a detection that is not on
            background. Defaults to 0.1, as in TIDE.

    Examples:
        >>> gt = np.array([[0, 0, 10, 10, 1, 1], [50, 50, 10, 10, 1, 1]])
        >>> dets = np.array([[0, 0, 10, 10, 0.9, 2], [50, 50, 10, 10, 0.8, 1]])
        >>> image = ImageRecord(width=100, height=100, gt=gt, dets=dets)
        >>> costs = error_costs([image], num_classes=2)
        >>> dict(zip(ERROR_TYPES, costs.counts.tolist()))
        {'Cls': 1, 'Loc': 0, 'Both': 0, 'Dupe': 0, 'Bkg': 0, 'Miss': 0}
        >>> round(costs.costs()['Cls'], 1)
        50.0
    """
    matched = list(match_images(images, num_classes))
    table = _build_table(matched, num_classes, bg_thr)
    num_images = np.zeros(num_classes, dtype=np.int64)
    for image in matched:
        held = np.unique(image.gt[:, 5].astype(np.int64)) - 1
        num_images[held] += 1
    counts = [
        np.count_nonzero(table.types == code) for code in _CODES.values()
    ]
    return ErrorCosts(
        ap=_fixed_ap(table, num_images, ''),
        fixed_ap=np.array(
            [_fixed_ap(table, num_images, fix) for fix in FIXES]
        ),
        counts=np.array([*counts, int(table.missed.sum())]),
        num_images=num_images,
    )


def _build_table(
    matched: Sequence[MatchedImage], num_classes: int, bg_thr: float
) -> _Table:
    columns: list[tuple[np.ndarray, ...]] = []
    gt_labels = [np.zeros(0, dtype=np.int64)]
    num_gt = np.zeros(num_classes, dtype=np.int64)
    num_objects = 0
    for image in matched:
        all_labels = image.gt[:, 5].astype(np.int64) - 1
        num_gt += np.bincount(all_labels, minlength=num_classes)
        valid = np.flatnonzero(image.gt[:, 4] != 0)
        types, objects = _type_image(image, valid, bg_thr)
        objects = np.where(objects >= 0, objects + num_objects, -1)
        num_objects += len(valid)
        gt_labels.append(all_labels[valid])
        counted = image.flags[_FG_IND] >= 0
        dets = image.dets[counted]
        columns.append(
            (
                dets[:, 5].astype(np.int64) - 1,
                dets[:, 4],
                types[counted],
                objects[counted],
            )
        )
    empty = (np.zeros(0, int), np.zeros(0), np.zeros(0, int), np.zeros(0, int))
    labels, scores, types, objects = (
        np.concatenate(parts) for parts in zip(empty, *columns, strict=True)
    )
    explains = np.isin(
        types,
        (
            DetectionType.TRUE_POSITIVE,
            DetectionType.CLASS,
            DetectionType.LOCALIZATION,
        ),
    )
    missed = np.ones(num_objects, dtype=bool)
    missed[objects[explains]] = False
    return _Table(
        labels,
        scores,
        types,
        objects,
        np.concatenate(gt_labels),
        missed,
        num_gt,
    )


def _type_image(
    image: MatchedImage, valid: np.ndarray, bg_thr: float
) -> tuple[np.ndarray, np.ndarray]:
    """Find types (m,) and objects (m,), as indices into ``valid``."""
    gt = image.gt[valid]
    ious = box_iou(rows_to_xyxy(image.dets), rows_to_xyxy(gt))  # (m, n)
    same = np.equal(image.dets[:, None, 5], gt[None, :, 5])
    nearest, types = type_errors(ious, same, float(IOU_THRS[_FG_IND]), bg_thr)
    nearest = np.where(types == DetectionType.BACKGROUND, -1, nearest)
    is_tp = image.flags[_FG_IND] == 1
    types[is_tp] = DetectionType.TRUE_POSITIVE
    gt_inds = image.gt_inds[_FG_IND][is_tp]
    nearest[is_tp] = np.searchsorted(valid, gt_inds)
    return types, nearest


def _fixed_ap(table: _Table, num_images: np.ndarray, fix: str) -> np.ndarray:
    """Compute AP50 (C,) per cent with the errors of one type fixed."""
    labels = table.labels.copy()
    is_tp = table.types == DetectionType.TRUE_POSITIVE
    keep = np.ones(len(labels), dtype=bool)
    num_gt = table.num_gt.copy()
    num_classes = len(num_gt)
    if fix in ('Cls', 'Loc'):
        repaired = table.types == _CODES[fix]
        labels[repaired] = table.gt_labels[table.objects[repaired]]
        is_tp = is_tp | repaired
        keep = ~is_tp | _first_on_object(table, is_tp)
    elif fix in _CODES:
        keep = table.types != _CODES[fix]
    elif fix == 'Miss':
        num_gt -= np.bincount(
            table.gt_labels[table.missed], minlength=num_classes
        )
    elif fix == 'FP':
        keep = is_tp
    elif fix == 'FN':
        num_gt = np.bincount(labels[is_tp], minlength=num_classes)
    ap = np.full(num_classes, np.nan)
    for label in np.flatnonzero(num_images):
        chosen = keep & (labels == label)
        if not num_gt[label] and not chosen.any():
            ap[label] = 1  # neither objects nor detections are left
            continue
        flags = is_tp[chosen].astype(np.int8)[None]
        ap[label] = average_precisions(
            flags, table.scores[chosen], int(num_gt[label])
        )[0]
    return 100 * ap


def _first_on_object(table: _Table, is_tp: np.ndarray) -> np.ndarray:
    """Mark the true positive of highest score on each object: bool (m,)."""
    inds = np.flatnonzero(is_tp)
    inds = inds[np.argsort(-table.scores[inds], kind='stable')]
    _, first = np.unique(table.objects[inds], return_index=True)
    chosen = np.zeros(len(is_tp), dtype=bool)
    chosen[inds[first]] = True
    return chosen
