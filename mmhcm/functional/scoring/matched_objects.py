"""Matched objects of detections, by the official VisDrone-DET rules."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mmhcm.functional.boxes import box_iou

from .matching import IOU_THRS
from .visdrone import (
    MAX_DETS,
    ImageRecord,
    drop_ignored_regions,
    match_detections,
)


@dataclass(frozen=True)
class MatchedImage:
    """Objects and detections of one image, and the matches between them.

    Rows keep the order of the annotation and result files. Rows in ignored
    regions are dropped, then detections after the first 500.

    Attributes:
        gt: (n, >=6) objects of the classes, ignored ones included.
        dets: (m, >=6) detections of the classes.
        flags: int8 (T, m) at each of ``IOU_THRS``: 1 true positive, 0 false
            positive, -1 matched with an ignored object.
        gt_inds: int64 (T, m), the row of ``gt`` that a true positive is
            matched with; -1 for other detections.
    """

    gt: np.ndarray
    dets: np.ndarray
    flags: np.ndarray
    gt_inds: np.ndarray


def match_images(
    images: Sequence[ImageRecord], num_classes: int = 10
) -> Iterator[MatchedImage]:
    """Match the detections of each image, class by class.

    Args:
        images: Records, one per image.
        num_classes: Classes are categories 1..num_classes. Defaults to 10.
    """
    for image in images:
        gt, dets = drop_ignored_regions(image)
        gt = gt[is_class(gt, num_classes)]
        # The limit counts rows of all categories, as in the toolkit.
        dets = dets[: MAX_DETS[-1]]
        dets = dets[is_class(dets, num_classes)]
        flags = np.zeros((len(IOU_THRS), len(dets)), dtype=np.int8)
        gt_inds = np.full((len(IOU_THRS), len(dets)), -1, dtype=np.int64)
        for category in np.unique(dets[:, 5]):
            own = np.flatnonzero(gt[:, 5] == category)
            inds = np.flatnonzero(dets[:, 5] == category)
            inds = inds[np.argsort(-dets[inds, 4], kind='stable')]
            class_flags = match_detections(dets[inds], gt[own])
            flags[:, inds] = class_flags
            objects = _objects(dets[inds], gt[own], class_flags)
            gt_inds[:, inds] = np.where(
                objects >= 0, np.append(own, -1)[objects], -1
            )
        yield MatchedImage(gt, dets, flags, gt_inds)


def is_class(rows: np.ndarray, num_classes: int) -> np.ndarray:
    """Test which rows (n, >=6) have a category in 1..num_classes: bool (n,).

    Examples:
        >>> rows = np.array([[0, 0, 9, 9, 1, 0], [0, 0, 9, 9, 1, 4]])
        >>> is_class(rows, num_classes=10)
        array([False,  True])
    """
    return np.asarray((rows[:, 5] >= 1) & (rows[:, 5] <= num_classes))


def rows_to_xyxy(rows: np.ndarray) -> np.ndarray:
    """Convert rows (n, >=4) of x, y, w, h to boxes (n, 4) xyxy.

    Examples:
        >>> rows_to_xyxy(np.array([[10, 20, 30, 40]]))
        array([[10, 20, 40, 60]])
    """
    return np.hstack([rows[:, :2], rows[:, :2] + rows[:, 2:4]])


def _objects(
    dets: np.ndarray, gt: np.ndarray, flags: np.ndarray
) -> np.ndarray:
    """Find the object of each true positive: indices (T, m), -1 for none.

    A true positive is matched with the free object that it overlaps most.
    """
    objects = np.full(flags.shape, -1, dtype=np.int64)
    # Reversed, because the toolkit takes the last object of equal overlaps.
    ious = np.where(
        gt[:, 4] != 0, box_iou(rows_to_xyxy(dets), rows_to_xyxy(gt)), -1
    )[:, ::-1]
    taken = np.zeros((len(flags), len(gt)), dtype=bool)
    for det in np.flatnonzero((flags == 1).any(axis=0)):
        hit = np.flatnonzero(flags[:, det] == 1)
        free = np.where(taken[hit], -1, ious[det])  # (hits, n)
        best = free.argmax(axis=1)
        taken[hit, best] = True
        objects[hit, det] = len(gt) - 1 - best
    return objects
