"""Overlaps of single boxes, by the book, for slow versions in tests."""

from collections.abc import Sequence


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
