"""Peer of the official score: the toolkit's loops, written in Python.

Direct port of the MATLAB toolkit: each image is matched again for each class,
threshold and limit on the detections, box by box. Ignored regions are painted
into a mask and summed. The package does not use this module.
"""

from collections.abc import Sequence

import numpy as np

from mmhcm.functional.scoring import IOU_THRS, MAX_DETS, ImageRecord


def evaluate(images: Sequence[ImageRecord], num_classes: int = 10) -> list:
    """Return the seven official scores, in per cent."""
    kept = [_drop(image) for image in images]
    total, num_pairs = np.zeros(7), 0
    for category in range(1, num_classes + 1):
        num_images = sum(any(g[5] == category for g in gt) for gt, _ in kept)
        if not num_images:
            continue
        aps = np.zeros(len(IOU_THRS))
        recalls = np.zeros((len(MAX_DETS), len(IOU_THRS)))
        for t, thr in enumerate(IOU_THRS.tolist()):
            for m, limit in enumerate(MAX_DETS):
                # AP is kept for the last limit, as in the toolkit
                aps[t], recalls[m, t] = _curve(kept, category, thr, limit)
        figures = [aps.mean(), aps[0], aps[5], *recalls.mean(axis=1)]
        total += 100 * np.array(figures) * num_images
        num_pairs += num_images
    return (total / num_pairs).tolist()


def _drop(image: ImageRecord) -> tuple[list, list]:
    regions = image.gt[image.gt[:, 5] == 0]
    gt = image.gt[image.gt[:, 5] != 0]
    if not len(regions):
        return gt.tolist(), image.dets.tolist()
    mask = np.zeros((image.height, image.width))
    for x, y, w, h in np.maximum(1, regions[:, :4]).astype(int):
        mask[y - 1 : y + h, x - 1 : x + w] = 1
    integral = mask.cumsum(axis=0).cumsum(axis=1)
    kept_gt, kept_dets = (
        [row for row in rows.tolist() if _share(row, integral) < 0.5]
        for rows in (gt, image.dets)
    )
    return kept_gt, kept_dets


def _share(row: list, integral: np.ndarray) -> float:
    height, width = integral.shape
    x, y, w, h = (max(1, int(np.floor(value + 0.5))) for value in row[:4])
    x, y = min(x, width), min(y, height)
    x2, y2 = min(x + w, width), min(y + h, height)
    inside = (
        integral[y - 1, x - 1]
        + integral[y2 - 1, x2 - 1]
        - integral[y - 1, x2 - 1]
        - integral[y2 - 1, x - 1]
    )
    return inside / (w * h)


def _curve(
    kept: list, category: int, thr: float, limit: int
) -> tuple[float, float]:
    flags, num_gt = [], 0
    for gt, dets in kept:
        gt = [row for row in gt if row[5] == category]
        dets = [row for row in dets[:limit] if row[5] == category]
        num_gt += len(gt)
        flags += _match(dets, gt, thr)
    flags.sort(key=lambda pair: -pair[0])
    tp = np.cumsum([flag == 1 for _, flag in flags] or [False])
    fp = np.cumsum([flag == 0 for _, flag in flags] or [False])
    recall = np.concatenate([[0], tp / max(1, num_gt), [1]])
    precision = np.concatenate([[0], tp / np.maximum(1, tp + fp), [0]])
    for i in range(len(precision) - 2, -1, -1):
        precision[i] = max(precision[i], precision[i + 1])
    steps = np.flatnonzero(np.diff(recall)) + 1
    area = ((recall[steps] - recall[steps - 1]) * precision[steps]).sum()
    return float(area), float(tp[-1] / max(1, num_gt))


def _match(dets: list, gt: list, thr: float) -> list[tuple[float, int]]:
    dets = sorted(dets, key=lambda row: -row[4])
    gt = sorted(gt, key=lambda row: row[4] == 0)
    used = [False] * len(gt)
    flags = []
    for det in dets:
        best, match = thr, -1
        for i, row in enumerate(gt):
            ignored = row[4] == 0
            if used[i] and not ignored:
                continue
            if match >= 0 and ignored:
                break
            overlap = _overlap(det, row, ignored)
            if overlap >= best:
                best, match = overlap, i
        flag = 0
        if match >= 0:
            used[match] = True
            flag = -1 if gt[match][4] == 0 else 1
        flags.append((det[4], flag))
    return flags


def _overlap(det: list, gt: list, ignored: bool) -> float:
    w = min(det[0] + det[2], gt[0] + gt[2]) - max(det[0], gt[0])
    h = min(det[1] + det[3], gt[1] + gt[3]) - max(det[1], gt[1])
    if w <= 0 or h <= 0:
        return 0.0
    area = det[2] * det[3]
    return w * h / (area if ignored else area + gt[2] * gt[3] - w * h)
