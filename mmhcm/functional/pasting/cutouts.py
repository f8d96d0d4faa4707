"""Windows around objects that show no other object."""

import numpy as np

from mmhcm.functional.boxes import (
    as_bboxes,
    box_areas,
    box_wh,
    clip_boxes,
    intersection_areas,
)
from mmhcm.functional.regions import union_shares


def clear_window(
    bbox: np.ndarray, outer: np.ndarray, others: np.ndarray
) -> np.ndarray:
    """Find the largest window around a box without pixels of other boxes.

    The window contains ``bbox`` and is inside ``outer``. Outside ``bbox``, the
    window shows no part of ``others``; overlaps inside ``bbox`` cannot be
    avoided.

    Args:
        bbox: (4,) xyxy.
        outer: (4,) xyxy that contains ``bbox``.
        others: (n, 4) xyxy, in the same pixels.

    Returns:
        float64 (4,) xyxy.

    Examples:
        >>> bbox, outer = [40, 40, 60, 60], [30, 30, 70, 70]
        >>> clear_window(bbox, outer, others=[[64, 30, 80, 50]])
        array([30., 30., 64., 70.])
    """
    x1, y1, x2, y2 = bbox = np.asarray(bbox, dtype=np.float64)
    outer = np.asarray(outer, dtype=np.float64)
    parts = _parts_outside(others, bbox, outer)
    lefts = np.unique([outer[0], *parts[parts[:, 2] <= x1, 2]])
    rights = np.unique([outer[2], *parts[parts[:, 0] >= x2, 0]])
    # Parts between each left and right side: (l, r, n).
    shown = (parts[:, 0] < rights[:, None]) & (
        parts[:, 2] > lefts[:, None, None]
    )
    above, below = parts[:, 3] <= y1, parts[:, 1] >= y2
    tops = np.where(shown & above, parts[:, 3], outer[1])
    bottoms = np.where(shown & below, parts[:, 1], outer[3])
    top = tops.max(axis=2, initial=outer[1])
    bottom = bottoms.min(axis=2, initial=outer[3])
    areas = (rights - lefts[:, None]) * (bottom - top)
    areas[(shown & ~above & ~below).any(axis=2)] = -1
    row, column = np.unravel_index(areas.argmax(), areas.shape)
    return np.array(
        [lefts[row], top[row, column], rights[column], bottom[row, column]]
    )


def shared_boxes(
    bbox: np.ndarray, others: np.ndarray, min_share: float = 0.1
) -> np.ndarray:
    """Clip other boxes to a box, leaving out slight overlaps.

    Args:
        bbox: (4,) xyxy.
        others: (n, 4) xyxy, in the same pixels.
        min_share: Smallest shared area, as a share of the smaller box.
            Defaults to 0.1.

    Returns:
        float32 (k, 4) xyxy, inside ``bbox``.

    Examples:
        >>> others = [[6, 0, 20, 10], [9, 9, 20, 20]]
        >>> shared_boxes([0, 0, 10, 10], others)
        array([[ 6.,  0., 10., 10.]], dtype=float32)
    """
    bboxes, others = as_bboxes(bbox), as_bboxes(others)
    inside = intersection_areas(bboxes, others)[0]  # (n,)
    smaller = np.minimum(box_areas(bboxes)[0], box_areas(others))
    kept = (inside > 0) & (inside >= min_share * smaller)
    return clip_boxes(others[kept], tuple(bboxes[0]))


def covered_shares(bboxes: np.ndarray, inds: np.ndarray) -> np.ndarray:
    """Compute the share of each box that all other boxes together cover.

    Args:
        bboxes: (n, 4) xyxy.
        inds: int (m,), indices of the boxes to compute the shares of.

    Returns:
        float64 (m,) in [0, 1].

    Examples:
        >>> bboxes = [[0, 0, 10, 10], [6, 0, 20, 10], [50, 50, 60, 60]]
        >>> covered_shares(bboxes, inds=[0, 2])
        array([0.4, 0. ])
    """
    bboxes = as_bboxes(bboxes)
    meets = intersection_areas(bboxes[inds], bboxes) > 0  # (m, n)
    meets[np.arange(len(inds)), inds] = False
    shares = np.zeros(len(inds))
    for row in np.flatnonzero(meets.any(axis=1)):
        own = bboxes[inds[row], None]
        shares[row] = union_shares(own, bboxes[meets[row]])[0]
    return shares


def _parts_outside(
    others: np.ndarray, bbox: np.ndarray, outer: np.ndarray
) -> np.ndarray:
    """Cut out parts (m, 4) of boxes in ``outer``, on each side of a box."""
    x1, y1, x2, y2 = bbox.tolist()
    left, top, right, bottom = outer.tolist()
    others = as_bboxes(others).astype(np.float64)
    parts = np.concatenate(
        [
            clip_boxes(others, (left, top, x1, bottom)),
            clip_boxes(others, (x2, top, right, bottom)),
            clip_boxes(others, (left, top, right, y1)),
            clip_boxes(others, (left, y2, right, bottom)),
        ]
    )
    return parts[box_wh(parts).min(axis=1, initial=np.inf) > 0]
