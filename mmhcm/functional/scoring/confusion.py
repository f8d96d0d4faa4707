"""Confusion matrix of classes and background."""

from collections.abc import Sequence

import numpy as np

from mmhcm.functional.boxes import box_iof, box_iou

from .matched_objects import is_class, rows_to_xyxy
from .visdrone import ImageRecord, drop_ignored_regions


def confusion_matrix(
    images: Sequence[ImageRecord],
    num_classes: int = 10,
    score_thr: float = 0.3,
    iou_thr: float = 0.5,
) -> np.ndarray:
    """Count the pairs of true and predicted classes.

    Boxes with at least half of their area in ignored regions are dropped, as
    in the official score. In descending order of score (ties: the earlier
    row), each detection takes the free object that it overlaps most, at an IoU
    of at least ``iou_thr``: in a first pass among objects of its own class, in
    a second pass among all free objects. Each object is therefore counted
    once. A detection without an object, duplicates included, counts as
    background, unless at least half of its box is on an ignored object (score
    0, of any category).

    Args:
        images: Records, one per image.
        num_classes: Classes are categories 1..num_classes. Defaults to 10.
        score_thr: Lowest score of a detection. Defaults to 0.3.
        iou_thr: Lowest IoU of a match. Defaults to 0.5.

    Returns:
        int64 (C + 1, C + 1): rows are true classes, then background; columns
        are predicted classes, then missed objects.

    Examples:
        >>> gt = np.array([[0, 0, 10, 10, 1, 1], [50, 50, 10, 10, 1, 2]])
        >>> dets = np.array([[0, 0, 10, 10, 0.9, 2], [80, 0, 9, 9, 0.8, 1]])
        >>> image = ImageRecord(width=100, height=100, gt=gt, dets=dets)
        >>> confusion_matrix([image], num_classes=2)
        array([[0, 1, 0],
               [0, 0, 1],
               [1, 0, 0]])
    """
    matrix = np.zeros((num_classes + 1,) * 2, dtype=np.int64)
    for image in images:
        gt, dets = drop_ignored_regions(image)
        dets = dets[is_class(dets, num_classes) & (dets[:, 4] >= score_thr)]
        dets = dets[np.argsort(-dets[:, 4], kind='stable')]
        ignored = gt[gt[:, 4] == 0]
        gt = gt[is_class(gt, num_classes) & (gt[:, 4] != 0)]
        true = gt[:, 5].astype(np.int64) - 1
        predicted = dets[:, 5].astype(np.int64) - 1
        taken = _take(
            box_iou(rows_to_xyxy(dets), rows_to_xyxy(gt)),
            predicted[:, None] == true[None],
            iou_thr,
        )
        found = taken >= 0
        np.add.at(matrix, (true[taken[found]], predicted[found]), 1)
        lost = np.delete(true, taken[found])
        matrix[:, num_classes] += np.bincount(lost, minlength=num_classes + 1)
        on_ignored = box_iof(rows_to_xyxy(dets), rows_to_xyxy(ignored))
        alone = ~found & (on_ignored.max(axis=1, initial=0) < 0.5)
        matrix[num_classes] += np.bincount(
            predicted[alone], minlength=num_classes + 1
        )
    return matrix


def _take(ious: np.ndarray, same: np.ndarray, iou_thr: float) -> np.ndarray:
    """Match detections with objects: indices (n,), -1 for none."""
    taken = np.full(len(ious), -1, dtype=np.int64)
    free = np.ones(ious.shape[1], dtype=bool)
    for allowed in (same, np.ones_like(same)):
        candidates = np.where(allowed, ious, -1)
        hopeful = candidates.max(axis=1, initial=-1) >= iou_thr
        for det in np.flatnonzero(hopeful & (taken < 0)):
            left = np.where(free, candidates[det], -1)
            best = int(left.argmax())
            if left[best] >= iou_thr:
                taken[det] = best
                free[best] = False
    return taken
