"""Non-maximum suppression that compares only boxes that are near.

An image of many slices has tens of thousands of detections of a class, few
of which overlap any one of them.
"""

import numpy as np

from mmhcm.functional.boxes import box_areas

# Pairs that are compared at once.
_MAX_PAIRS = 1_000_000


def suppress(bboxes: np.ndarray, iou_thr: float) -> np.ndarray:
    """Greedy suppression among boxes of one class, best first.

    Args:
        bboxes: float32 (n, 4) xyxy, by descending score.
        iou_thr: A box goes when its IoU with a better, kept one exceeds this.

    Returns:
        bool (n,), whether each box is kept.
    """
    if iou_thr < 0:
        # Boxes without overlap exceed it too.
        return np.arange(len(bboxes)) == 0
    better, worse = _overlapping_pairs(bboxes, iou_thr)
    alive = np.ones(len(bboxes), dtype=bool)
    keep = np.ones(len(bboxes), dtype=bool)
    # Whatever no better box threatens is kept, which decides on those that
    # it threatens in turn. The best that is left is always decided.
    for _ in range(len(bboxes)):
        if not len(better):
            break
        threatened = np.zeros(len(bboxes), dtype=bool)
        threatened[worse] = True
        winners = alive & ~threatened
        gone = worse[winners[better]]
        alive[gone] = keep[gone] = False
        # A winner is no one's victim and a loser no one's rival.
        left = alive[better] & alive[worse] & ~winners[better]
        better, worse = better[left], worse[left]
    return keep


def _overlapping_pairs(
    bboxes: np.ndarray, iou_thr: float
) -> tuple[np.ndarray, np.ndarray]:
    """Indices (better, worse) of the pairs whose IoU exceeds ``iou_thr``."""
    areas = box_areas(bboxes)
    order = np.argsort(bboxes[:, 0], kind='stable')
    starts = bboxes[order, 0]
    # Partners of the i-th from the left start before it ends.
    counts = np.searchsorted(starts, bboxes[order, 2], side='left')
    counts = np.maximum(counts - np.arange(len(order)) - 1, 0)
    pairs: list[np.ndarray] = []
    for begin, end in _blocks(counts):
        block = counts[begin:end]
        first = np.repeat(np.arange(begin, end), block)
        rank = np.arange(len(first)) - np.repeat(
            np.cumsum(block) - block, block
        )
        one, two = order[first], order[first + 1 + rank]
        low = np.maximum(bboxes[one, 1], bboxes[two, 1])
        high = np.minimum(bboxes[one, 3], bboxes[two, 3])
        near = high > low
        one, two, tall = one[near], two[near], (high - low)[near]
        wide = np.minimum(bboxes[one, 2], bboxes[two, 2]) - bboxes[two, 0]
        inter = np.maximum(wide, 0) * tall
        one, two = np.minimum(one, two), np.maximum(one, two)
        union = areas[one] + areas[two] - inter
        # As in box_iou, no union is no overlap.
        over = np.divide(
            inter, union, out=np.zeros_like(inter), where=union > 0
        )
        over = over > iou_thr
        pairs.append(np.stack([one[over], two[over]]))
    if not pairs:
        none = np.zeros(0, dtype=np.int64)
        return none, none
    better, worse = np.concatenate(pairs, axis=1)
    return better, worse


def _blocks(counts: np.ndarray) -> list[tuple[int, int]]:
    """Cut runs of boxes whose partners are a bounded number, or one box."""
    ends = np.cumsum(counts)
    blocks: list[tuple[int, int]] = []
    begin = 0
    for _ in range(len(counts)):
        if begin >= len(counts):
            break
        done = ends[begin - 1] if begin else 0
        end = int(np.searchsorted(ends, done + _MAX_PAIRS, side='right'))
        end = max(end, begin + 1)
        blocks.append((begin, end))
        begin = end
    return blocks
