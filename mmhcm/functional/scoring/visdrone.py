"""Official VisDrone-DET score, as computed by the challenge's toolkit.

Boxes are ``x, y, w, h`` rows of the text files, in pixels of the whole image.
The score has three steps: drop boxes in ignored regions, match by image and
class, average over the (image, class) pairs with an object. All images are
matched at once, in flat arrays.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .matching import (
    IOU_THRS,
    Overlaps,
    covered_share,
    find_overlaps,
    flag_matches,
    match_all,
)

METRICS = ('AP', 'AP50', 'AP75', 'AR1', 'AR10', 'AR100', 'AR500')
MAX_DETS = (1, 10, 100, 500)


@dataclass(frozen=True)
class ImageRecord:
    """Ground truth and detections of one image.

    Attributes:
        width: Width of the image in pixels.
        height: Height of the image in pixels.
        gt: (n, >=6) rows of the annotation file, starting with the columns
            x, y, w, h, score, category. Category 0 is an ignored region,
            score 0 an ignored object.
        dets: (m, >=6) rows of the result file, in file order; limits on the
            number of detections keep the first rows.
    """

    width: int
    height: int
    gt: np.ndarray
    dets: np.ndarray


@dataclass(frozen=True)
class Scores:
    """Scores in per cent, in the order of METRICS; NaN where undefined.

    Attributes:
        official: (7,) mean over all pairs of an image and one of its classes.
        class_mean: (7,) plain mean over the classes with ground truth.
        per_class: (C, 7); NaN rows are classes without ground truth.
    """

    official: np.ndarray
    class_mean: np.ndarray
    per_class: np.ndarray


@dataclass(frozen=True)
class _Rows:
    """Rows of all images, sorted by class, image and descending score.

    Attributes:
        gt: (n, 6) objects of the classes, in file order inside a group.
        gt_labels: int64 (n,).
        gt_groups: int64 (n,) label * I + image, for I images.
        dets: (m, 6) detections of the classes.
        det_labels: int64 (m,).
        det_groups: int64 (m,).
        det_places: int64 (m,) position among the image's rows.
    """

    gt: np.ndarray
    gt_labels: np.ndarray
    gt_groups: np.ndarray
    dets: np.ndarray
    det_labels: np.ndarray
    det_groups: np.ndarray
    det_places: np.ndarray


def evaluate(images: Sequence[ImageRecord], num_classes: int = 10) -> Scores:
    """Compute the official score of images.

    Args:
        images: Records, one per image, in the order of file names. The order
            breaks ties between detections of equal scores.
        num_classes: Classes are categories 1..num_classes. Defaults to 10.

    Examples:
        >>> gt = np.array([[0, 0, 10, 10, 1, 1], [50, 50, 10, 10, 1, 2]])
        >>> dets = np.array([[0, 0, 10, 10, 0.9, 1]])
        >>> image = ImageRecord(width=100, height=100, gt=gt, dets=dets)
        >>> scores = evaluate([image], num_classes=2)
        >>> scores.official[:2]  # AP and AP50
        array([50., 50.])
        >>> scores.per_class[:, 0]
        array([100.,   0.])
    """
    rows = _gather(images, num_classes)
    overlaps = find_overlaps(
        rows.dets, rows.det_groups, rows.gt, rows.gt_groups
    )
    thr_inds, pair_inds = match_all(overlaps)
    flags = flag_matches(overlaps, thr_inds, pair_inds)  # (T, m)
    num_tp = _count_found(rows, overlaps, flags, num_classes)
    num_gt = np.bincount(rows.gt_labels, minlength=num_classes)
    held = np.unique(rows.gt_groups) // max(1, len(images))
    num_images = np.bincount(held, minlength=num_classes)
    bounds = np.searchsorted(rows.det_labels, np.arange(num_classes + 1))
    per_class = np.full((num_classes, len(METRICS)), np.nan)
    present = num_images > 0
    for label in np.flatnonzero(present):
        own = slice(bounds[label], bounds[label + 1])
        aps = average_precisions(
            flags[:, own], rows.dets[own, 4], int(num_gt[label])
        )
        recalls = num_tp[:, :, label] / num_gt[label]  # (M, T)
        per_class[label] = 100 * np.hstack(
            [aps.mean(), aps[0], aps[5], recalls.mean(axis=1)]
        )
    if not present.any():
        undefined = np.full(len(METRICS), np.nan)
        return Scores(undefined, undefined.copy(), per_class)
    return Scores(
        official=np.average(
            per_class[present], axis=0, weights=num_images[present]
        ),
        class_mean=per_class[present].mean(axis=0),
        per_class=per_class,
    )


def drop_ignored_regions(
    image: ImageRecord,
) -> tuple[np.ndarray, np.ndarray]:
    """Drop ground truth and detections in ignored regions.

    A row is dropped if regions cover at least half of its rounded box, by the
    toolkit's pixel rule, with one-based corners and both ends of regions
    included. Rows of category 0 are removed from the ground truth.

    Returns:
        Remaining rows of ground truth and of detections.
    """
    is_region = image.gt[:, 5] == 0
    if not is_region.any():
        return image.gt, image.dets
    regions, gt = image.gt[is_region], image.gt[~is_region]
    image_wh = image.width, image.height
    xywh = np.concatenate([gt[:, :4], image.dets[:, :4]])
    stays = covered_share(xywh, regions, image_wh) < 0.5
    return gt[stays[: len(gt)]], image.dets[stays[len(gt) :]]


def match_detections(dets: np.ndarray, gt: np.ndarray) -> np.ndarray:
    """Match the detections of one image and class with its objects.

    Args:
        dets: (m, >=4) boxes x, y, w, h in descending order of score.
        gt: (n, >=5) boxes x, y, w, h and score; score 0 means ignore.

    Returns:
        int8 (T, m) for the T thresholds: 1 true positive, 0 false positive,
        -1 matched with an ignored object.
    """
    overlaps = find_overlaps(
        dets,
        np.zeros(len(dets), dtype=np.int64),
        gt,
        np.zeros(len(gt), dtype=np.int64),
    )
    return flag_matches(overlaps, *match_all(overlaps))


def _gather(images: Sequence[ImageRecord], num_classes: int) -> _Rows:
    """Concatenate the rows of all images that count in the score."""
    kept = [drop_ignored_regions(image) for image in images]
    empty = [np.zeros((0, 6))]
    objects = [gt[:, :6] for gt, _ in kept]
    found = [dets[: MAX_DETS[-1], :6] for _, dets in kept]
    gt = np.concatenate(empty + objects)
    dets = np.concatenate(empty + found)
    places = [np.zeros(0, dtype=np.int64)]
    places += [np.arange(len(part)) for part in found]
    gt_order, gt_labels, gt_groups = _group(gt, objects, num_classes)
    order, det_labels, det_groups = _group(dets, found, num_classes)
    # lexsort is stable: equal scores keep file order
    falling = np.lexsort((-dets[order, 4], det_groups))
    order = order[falling]
    return _Rows(
        gt[gt_order],
        gt_labels,
        gt_groups,
        dets[order],
        det_labels,
        det_groups,
        np.concatenate(places)[order],
    )


def _group(
    rows: np.ndarray, parts: Sequence[np.ndarray], num_classes: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sort the rows of the classes by group.

    Args:
        rows: (n, 6) rows of all images.
        parts: The rows of each of the I images.
        num_classes: Rows of other categories are left out.

    Returns:
        Indices, labels and groups of the sorted rows.
    """
    image_inds = np.repeat(np.arange(len(parts)), [len(p) for p in parts])
    categories = rows[:, 5]
    of_class = np.isin(categories, np.arange(1, num_classes + 1))
    inds = np.flatnonzero(of_class)
    labels = categories[inds].astype(np.int64) - 1
    groups = labels * len(parts) + image_inds[inds].astype(np.int64)
    order = np.argsort(groups, kind='stable')
    return inds[order], labels[order], groups[order]


def _count_found(
    rows: _Rows, overlaps: Overlaps, flags: np.ndarray, num_classes: int
) -> np.ndarray:
    """Count the objects (M, T, C) found with the first rows of each image.

    M is the number of limits in ``MAX_DETS``. In groups whose rows are in
    descending order of score, the flags of the first rows do not depend on
    later rows. The other groups are matched again for each limit.
    """
    falls = np.diff(rows.det_places) < 0
    falls &= np.diff(rows.det_groups) == 0
    mixed = np.isin(rows.det_groups, rows.det_groups[1:][falls])  # (m,)
    counts = np.zeros((len(MAX_DETS), len(IOU_THRS), num_classes), int)
    for ind, limit in enumerate(MAX_DETS):
        few = rows.det_places < limit
        again = few & mixed if limit < MAX_DETS[-1] else few & False
        settled = few & ~mixed if limit < MAX_DETS[-1] else few
        thr_inds, det_inds = np.nonzero((flags == 1) & settled)
        np.add.at(counts[ind], (thr_inds, rows.det_labels[det_inds]), 1)
        if again.any():
            thr_inds, pair_inds = match_all(overlaps, again)
            det_inds = overlaps.det_inds[pair_inds]
            np.add.at(counts[ind], (thr_inds, rows.det_labels[det_inds]), 1)
    return counts


def average_precisions(
    flags: np.ndarray, scores: np.ndarray, num_gt: int
) -> np.ndarray:
    """Compute the area under each threshold's precision envelope.

    Args:
        flags: (T, m) match flags, images in order.
        scores: (m,) scores of the detections.
        num_gt: Number of objects, ignored ones included.

    Returns:
        float64 (T,).
    """
    flags = flags[:, np.argsort(-scores, kind='stable')]
    tp = (flags == 1).cumsum(axis=1)
    fp = (flags == 0).cumsum(axis=1)
    recall = tp / max(1, num_gt)
    precision = tp / np.maximum(1, tp + fp)
    # The highest precision at this or any higher recall.
    envelope = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    steps = np.diff(recall, axis=1, prepend=0)
    return (steps * envelope).sum(axis=1)
