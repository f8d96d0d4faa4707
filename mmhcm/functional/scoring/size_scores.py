"""AP by class and size of objects."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .matched_objects import match_images
from .matching import IOU_THRS
from .visdrone import ImageRecord, average_precisions

COCO_EDGES = (0.0, 32.0, 96.0, float('inf'))
"""Edges of COCO's small, medium and large objects, sqrt(area)."""


@dataclass(frozen=True)
class SizeScores:
    """AP in bins of size; NaN where a class has no object in a bin.

    Attributes:
        edges: (B + 1,) of sqrt(area), source pixels; a bin includes its lower
            edge and excludes its upper edge.
        ap: (B, C) per cent, mean over IoU 0.50:0.05:0.95.
        ap50: (B, C) per cent.
        num_objects: int64 (B, C).
    """

    edges: np.ndarray
    ap: np.ndarray
    ap50: np.ndarray
    num_objects: np.ndarray


def score_sizes(
    images: Sequence[ImageRecord],
    edges: Sequence[float] = COCO_EDGES,
    num_classes: int = 10,
) -> SizeScores:
    """Split the official AP by size of objects.

    Detections are matched once, with objects of all sizes, by the official
    rules. A true positive then belongs to the bin of its object, a false
    positive to the bin of its own box, and each bin has its own precision and
    recall curve. With a single bin, the result is the official AP.

    Args:
        images: Records, one per image, in the order of file names.
        edges: Ascending edges of sqrt(area), source pixels. Defaults to
            COCO's.
        num_classes: Classes are categories 1..num_classes. Defaults to 10.

    Raises:
        ValueError: If the edges do not ascend, or are fewer than two.

    Examples:
        >>> gt = np.array([[0, 0, 10, 10, 1, 1], [50, 0, 40, 40, 1, 1]])
        >>> dets = np.array([[0, 0, 10, 10, 0.9, 1]])
        >>> image = ImageRecord(width=100, height=100, gt=gt, dets=dets)
        >>> sizes = score_sizes([image], num_classes=1)
        >>> sizes.ap50
        array([[100.],
               [  0.],
               [ nan]])
        >>> sizes.num_objects
        array([[1],
               [1],
               [0]])
    """
    bounds = np.asarray(edges, dtype=np.float64)
    if len(bounds) < 2 or not (np.diff(bounds) > 0).all():
        raise ValueError(f'edges of sizes must ascend, got {list(edges)}')
    num_bins = len(bounds) - 1
    labels, scores = [np.zeros(0, int)], [np.zeros(0)]
    flags = [np.zeros((len(IOU_THRS), 0), np.int8)]
    bins = [np.zeros((len(IOU_THRS), 0), np.int64)]
    num_objects = np.zeros((num_bins, num_classes), dtype=np.int64)
    for image in match_images(images, num_classes):
        gt_bins = _bins(image.gt, bounds)
        gt_labels = image.gt[:, 5].astype(np.int64) - 1
        inside = (gt_bins >= 0) & (gt_bins < num_bins)
        np.add.at(num_objects, (gt_bins[inside], gt_labels[inside]), 1)
        labels.append(image.dets[:, 5].astype(np.int64) - 1)
        scores.append(image.dets[:, 4])
        flags.append(image.flags)
        object_bins = np.append(gt_bins, -1)[image.gt_inds]
        bins.append(
            np.where(
                image.gt_inds >= 0, object_bins, _bins(image.dets, bounds)
            )
        )
    all_labels, all_scores = np.concatenate(labels), np.concatenate(scores)
    all_flags, all_bins = np.hstack(flags), np.hstack(bins)
    aps = np.full((len(IOU_THRS), num_bins, num_classes), np.nan)
    for index, label in np.argwhere(num_objects):
        chosen = all_labels == label
        # Detections of other bins count like ignored detections: not at all.
        in_bin = all_bins[:, chosen] == index
        aps[:, index, label] = average_precisions(
            np.where(in_bin, all_flags[:, chosen], -1),
            all_scores[chosen],
            int(num_objects[index, label]),
        )
    return SizeScores(
        bounds, 100 * aps.mean(axis=0), 100 * aps[0], num_objects
    )


def _bins(rows: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Compute the bin (n,) of each row's size; -1 or B outside the edges."""
    sizes = np.sqrt(np.prod(np.maximum(rows[:, 2:4], 0), axis=1))
    return np.searchsorted(edges, sizes, side='right') - 1
