"""The official VisDrone-DET score, as the challenge's toolkit computes it.

Boxes here are ``x, y, w, h`` rows as they stand in the text files, in pixels
of the whole image. Three steps: drop what lies in ignored regions, match per
image and class, average over the (image, class) pairs that hold an object.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

FIGURES = ('AP', 'AP50', 'AP75', 'AR1', 'AR10', 'AR100', 'AR500')
# Not 0.5 + 0.05 * i, whose 0.85 comes out one bit too high: an overlap that
# is a threshold matches.
IOU_THRS = np.arange(50, 100, 5) / 100
MAX_DETS = (1, 10, 100, 500)


@dataclass(frozen=True)
class ImageRecord:
    """Ground truth and detections of one image.

    Attributes:
        width: Width of the image in pixels.
        height: Height of the image in pixels.
        gt: (n, >=6) rows of its annotation file; columns x, y, w, h, score,
            category come first. Category 0 is an ignored region, score 0 an
            object to ignore.
        dets: (m, >=6) rows of its result file, in file order: the limits on
            the number of detections cut it from the top.
    """

    width: int
    height: int
    gt: np.ndarray
    dets: np.ndarray


@dataclass(frozen=True)
class Scores:
    """Figures in per cent, in the order of FIGURES; NaN where undefined.

    Attributes:
        official: (7,) mean over all pairs of an image and a class in it.
        class_mean: (7,) plain mean over the classes with ground truth.
        per_class: (C, 7); NaN rows are classes without ground truth.
    """

    official: np.ndarray
    class_mean: np.ndarray
    per_class: np.ndarray


def evaluate(images: Sequence[ImageRecord], num_classes: int = 10) -> Scores:
    """Score ``images``, which must come in the order of their file names.

    Args:
        images: One record an image; the order decides between detections of
            equal scores in different images.
        num_classes: Classes are categories 1..num_classes. Defaults to 10.
    """
    kept = [drop_ignored_regions(image) for image in images]
    per_class = np.full((num_classes, len(FIGURES)), np.nan)
    num_images = np.zeros(num_classes)  # images that hold the class
    for label in range(num_classes):
        holds = [(gt[:, 5] == label + 1).any() for gt, _ in kept]
        num_images[label] = np.count_nonzero(holds)
        if num_images[label]:
            per_class[label] = _score_class(kept, label + 1)
    present = num_images > 0
    if not present.any():
        undefined = np.full(len(FIGURES), np.nan)
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
    """Rows of ground truth and detections outside of the ignored regions.

    The toolkit's pixel rule, its one-based corners and both-ends-included
    regions with it: rows go when at least half of their rounded box is
    covered. Category-0 rows leave the ground truth.
    """
    is_region = image.gt[:, 5] == 0
    if not is_region.any():
        return image.gt, image.dets
    covered = np.zeros((image.height, image.width), dtype=np.uint8)
    for x, y, w, h in np.maximum(1, image.gt[is_region, :4]).astype(int):
        covered[y - 1 : y + h, x - 1 : x + w] = 1
    integral = covered.cumsum(axis=0, dtype=np.int32)
    integral = integral.cumsum(axis=1, dtype=np.int32)
    gt = image.gt[~is_region]
    return (
        gt[_covered_share(gt, integral) < 0.5],
        image.dets[_covered_share(image.dets, integral) < 0.5],
    )


def _covered_share(rows: np.ndarray, integral: np.ndarray) -> np.ndarray:
    """Share (n,) of each box that is covered, by the toolkit's four corners.

    Args:
        rows: (n, >=4) boxes x, y, w, h.
        integral: (H, W) integral image, element [y - 1, x - 1] the sum of
            the one-based pixels up to (x, y).
    """
    height, width = integral.shape
    # MATLAB rounds halves away from zero; what is below 1 ends as 1 anyway.
    x, y, w, h = np.maximum(1, np.floor(rows[:, :4] + 0.5)).T
    x, y = np.minimum(x, width), np.minimum(y, height)
    x2, y2 = np.minimum(x + w, width), np.minimum(y + h, height)
    left, top, right, bottom = (
        corner.astype(np.int64) - 1 for corner in (x, y, x2, y2)
    )
    inside = (
        integral[top, left]
        + integral[bottom, right]
        - integral[top, right]
        - integral[bottom, left]
    )
    return inside / (w * h)


def _score_class(
    kept: Sequence[tuple[np.ndarray, np.ndarray]], category: int
) -> np.ndarray:
    """Figures (7,) of one class over all images, in per cent."""
    num_gt = 0
    num_tp = np.zeros((len(MAX_DETS), len(IOU_THRS)))
    flags = [np.zeros((len(IOU_THRS), 0), dtype=np.int8)]
    scores = [np.zeros(0)]
    for gt, dets in kept:
        gt = gt[gt[:, 5] == category]
        num_gt += len(gt)
        inds = np.flatnonzero(dets[: MAX_DETS[-1], 5] == category)
        if not len(inds):
            continue
        descends = (np.diff(dets[inds, 4]) <= 0).all()
        image_flags = None
        for i, limit in reversed(list(enumerate(MAX_DETS))):
            few = inds[inds < limit]
            if image_flags is None or not (descends or len(few) == len(inds)):
                order = np.argsort(-dets[few, 4], kind='stable')
                image_flags = match_detections(dets[few[order]], gt)
                if limit == MAX_DETS[-1]:
                    flags.append(image_flags)
                    scores.append(dets[few[order], 4])
            # Matching goes down the scores, so where the rows descend fewer
            # of them have the first of the flags.
            num_tp[i] += (image_flags[:, : len(few)] == 1).sum(axis=1)
    recalls = num_tp / max(1, num_gt)  # (M, T)
    aps = average_precisions(np.hstack(flags), np.hstack(scores), num_gt)
    return 100 * np.hstack(
        [aps.mean(), aps[0], aps[5], recalls.mean(axis=1)],
    )


def match_detections(dets: np.ndarray, gt: np.ndarray) -> np.ndarray:
    """Match the detections of one image and class with its objects.

    Args:
        dets: (m, >=4) boxes x, y, w, h by descending score.
        gt: (n, >=5) boxes x, y, w, h and score; score 0 means ignore.

    Returns:
        int8 (T, m) for the T thresholds: 1 true positive, 0 false positive,
        -1 matched with an ignored object.
    """
    flags = np.zeros((len(IOU_THRS), len(dets)), dtype=np.int8)
    if not (len(dets) and len(gt)):
        return flags
    ignored = gt[:, 4] == 0
    overlaps = _overlaps(dets, gt, ignored)
    on_ignored = overlaps[:, ignored].max(axis=1, initial=0)
    # Reversed, since among equal overlaps the last object takes the match
    # and argmax finds the first.
    overlaps = overlaps[:, ~ignored][:, ::-1]
    overlaps = overlaps[:, (overlaps >= IOU_THRS[0]).any(axis=0)]
    taken = np.zeros((len(IOU_THRS), overlaps.shape[1]), dtype=bool)
    if overlaps.shape[1]:
        for det in np.flatnonzero(overlaps.max(axis=1) >= IOU_THRS[0]):
            free = np.where(taken, 0, overlaps[det])  # (T, N)
            hit = np.flatnonzero(free.max(axis=1) >= IOU_THRS)
            flags[hit, det] = 1
            taken[hit, free[hit].argmax(axis=1)] = True
    rest = (flags == 0) & (on_ignored >= IOU_THRS[:, None])
    flags[rest] = -1
    return flags


def _overlaps(
    dets: np.ndarray, gt: np.ndarray, ignored: np.ndarray
) -> np.ndarray:
    """Overlaps (m, n): IoU, or with ignored ones share of the detection.

    In float64 and in the toolkit's own order of operations: an overlap that
    is a threshold exactly must come out as one.
    """
    lower = np.maximum(dets[:, None, :2], gt[None, :, :2])
    upper = np.minimum(
        (dets[:, :2] + dets[:, 2:4])[:, None],
        (gt[:, :2] + gt[:, 2:4])[None],
    )
    inter = np.prod(np.maximum(upper - lower, 0), axis=2)  # (m, n)
    det_areas = np.prod(dets[:, 2:4], axis=1)[:, None]  # (m, 1)
    gt_areas = np.prod(gt[:, 2:4], axis=1)[None]  # (1, n)
    union = np.where(ignored, det_areas, det_areas + gt_areas - inter)
    return np.divide(inter, union, out=np.zeros_like(inter), where=inter > 0)


def average_precisions(
    flags: np.ndarray, scores: np.ndarray, num_gt: int
) -> np.ndarray:
    """Area under each threshold's precision envelope, over all points.

    Args:
        flags: (T, m) match flags, images in order.
        scores: (m,) their scores.
        num_gt: Number of objects, ignored ones included.
    """
    flags = flags[:, np.argsort(-scores, kind='stable')]
    tp = (flags == 1).cumsum(axis=1)
    fp = (flags == 0).cumsum(axis=1)
    recall = tp / max(1, num_gt)
    precision = tp / np.maximum(1, tp + fp)
    # The highest precision at this recall or a higher one.
    envelope = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    steps = np.diff(recall, axis=1, prepend=0)
    return (steps * envelope).sum(axis=1)
