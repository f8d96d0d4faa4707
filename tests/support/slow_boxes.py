"""Overlaps of boxes, by the book, for slow versions in tests."""

from collections.abc import Sequence

import numpy as np


def slow_overlap(
    det: Sequence[float], gt: Sequence[float], ignored: bool = False
) -> float:
    """IoU of boxes (x, y, w, h, ...); of an ignored one, share of ``det``."""
    w = min(det[0] + det[2], gt[0] + gt[2]) - max(det[0], gt[0])
    h = min(det[1] + det[3], gt[1] + gt[3]) - max(det[1], gt[1])
    if w <= 0 or h <= 0:
        return 0.0
    area = det[2] * det[3]
    return w * h / (area if ignored else area + gt[2] * gt[3] - w * h)


def slow_corner_overlap(
    det: Sequence[float], gt: Sequence[float], ignored: bool = False
) -> float:
    """Compute ``slow_overlap`` of boxes (x1, y1, x2, y2)."""
    xywh = [(x1, y1, x2 - x1, y2 - y1) for x1, y1, x2, y2 in (det, gt)]
    return slow_overlap(*xywh, ignored)


def painted_share(
    xywh: np.ndarray, regions: np.ndarray, image_wh: tuple[int, int]
) -> np.ndarray:
    """Compute shares like the toolkit, with a mask and its integral."""
    width, height = image_wh
    mask = np.zeros((height, width), dtype=int)
    for x, y, w, h in np.maximum(1, regions).astype(int):
        mask[y - 1 : y + h, x - 1 : x + w] = 1
    shares = []
    for row in xywh:
        x, y, w, h = (max(1, int(np.floor(v + 0.5))) for v in row)
        x, y = min(x, width), min(y, height)
        x2, y2 = min(x + w, width), min(y + h, height)
        inside = (
            mask[:y, :x].sum()
            + mask[:y2, :x2].sum()
            - mask[:y, :x2].sum()
            - mask[:y2, :x].sum()
        )
        shares.append(inside / (w * h))
    return np.array(shares)
