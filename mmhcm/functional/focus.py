"""Focus pixels and focus chips of AutoFocus (Najibi, Singh, Davis 2019).

A detector predicts the cells of a feature map where objects are small. The
boxes around these cells are the windows of the next finer test scale.
"""

import cv2
import numpy as np

from .boxes import as_bboxes, intersection_areas, sqrt_areas


def label_focus_pixels(
    bboxes: np.ndarray,
    map_wh: tuple[int, int],
    stride: int,
    sizes: tuple[float, float, float] = (5.0, 64.0, 90.0),
    ignored: np.ndarray | None = None,
) -> np.ndarray:
    """Label the cells of a feature map by the objects that they touch.

    A cell is 1 if it touches an object whose size, sqrt(area), is above the
    first and below the second of ``sizes``: small, but not too small to find.
    Another cell is -1, neither positive nor negative, if it touches an ignored
    object, an object up to the first size, or an object from the second up to
    the third size. All other cells are 0.

    Args:
        bboxes: (n, 4) xyxy, network-input pixels, of objects that count at
            any scale.
        map_wh: (width, height) of the feature map, cells.
        stride: Network-input pixels per cell.
        sizes: Smallest size, size of the next scale, largest size to ignore,
            network-input pixels. Defaults to (5, 64, 90).
        ignored: (m, 4) xyxy of ignored objects, likewise. Defaults to None.

    Returns:
        int64 (height, width).

    Examples:
        >>> label_focus_pixels([[4, 4, 20, 10]], (4, 2), stride=8)
        array([[1, 1, 1, 0],
               [1, 1, 1, 0]])
    """
    smallest, small, limit = sizes
    bboxes = as_bboxes(bboxes)
    measures = sqrt_areas(bboxes)
    focus = (measures > smallest) & (measures < small)
    unclear = (measures <= smallest) | (measures >= small)
    unclear &= measures <= limit
    labels = np.zeros(map_wh[::-1], dtype=np.int64)
    _fill(labels, as_bboxes([] if ignored is None else ignored), stride, -1)
    _fill(labels, bboxes[unclear], stride, -1)
    _fill(labels, bboxes[focus], stride, 1)
    return labels


def _fill(
    labels: np.ndarray, bboxes: np.ndarray, stride: int, value: int
) -> None:
    starts = np.maximum(np.floor(bboxes[:, :2] / stride), 0).astype(int)
    stops = np.maximum(np.ceil(bboxes[:, 2:] / stride), 0).astype(int)
    for (left, top), (right, bottom) in zip(starts, stops, strict=True):
        labels[top:bottom, left:right] = value


def focus_chips(
    focus: np.ndarray, threshold: float, min_side: int, dilation: int = 3
) -> np.ndarray:
    """Find the windows of a focus map for the next finer scale.

    1. Cells above the threshold are dilated.
    2. The boxes around connected cells, neighbours by a corner included, are
       enlarged to ``min_side`` in both directions, within the map.
    3. Boxes that overlap are joined.

    Args:
        focus: (height, width), probability of each cell.
        threshold: Smallest probability of a focus pixel, exclusive.
        min_side: Smallest side of a window, cells; at most the map's.
        dilation: Side of the dilation's square, cells, odd. Defaults to 3.

    Returns:
        int64 (n, 4) xyxy, cells, without overlaps.

    Examples:
        >>> focus = np.zeros((10, 20))
        >>> focus[4, 2] = focus[5, 15] = 0.9
        >>> focus_chips(focus, threshold=0.5, min_side=4)
        array([[ 0,  2,  4,  6],
               [13,  3, 17,  7]])
    """
    height, width = focus.shape
    mask = cv2.dilate(
        (np.asarray(focus) > threshold).astype(np.uint8),
        np.ones((dilation, dilation), np.uint8),
    )
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    # The first component is the background.
    start, side_wh = np.split(stats[1:, :4].astype(np.int64), 2, axis=1)
    map_wh = np.array([width, height])
    larger_wh = np.minimum(np.maximum(side_wh, min_side), map_wh)
    start = start - (larger_wh - side_wh + 1) // 2
    start = np.clip(start, 0, map_wh - larger_wh)
    return join_overlapping(
        np.concatenate([start, start + larger_wh], axis=1)
    ).astype(np.int64)


def join_overlapping(bboxes: np.ndarray) -> np.ndarray:
    """Replace overlapping boxes by the box around them, until none overlap.

    Boxes that only share an edge do not overlap.

    Args:
        bboxes: (n, 4) xyxy.

    Returns:
        float32 (m, 4), sorted from top to bottom, then from left to right, by
        upper left corner; m <= n.

    Examples:
        >>> join_overlapping([[0, 0, 4, 4], [9, 9, 12, 12], [3, 1, 8, 2]])
        array([[ 0.,  0.,  8.,  4.],
               [ 9.,  9., 12., 12.]], dtype=float32)
    """
    bboxes = as_bboxes(bboxes)
    # Each iteration reduces the number of boxes, or is the last.
    for _ in range(len(bboxes)):
        overlaps = intersection_areas(bboxes, bboxes) > 0  # (n, n)
        np.fill_diagonal(overlaps, True)
        firsts, groups = np.unique(
            overlaps.argmax(axis=1), return_inverse=True
        )
        if len(firsts) == len(bboxes):
            break
        bboxes = _join_groups(bboxes, groups, len(firsts))
    return bboxes[np.lexsort((bboxes[:, 0], bboxes[:, 1]))]


def _join_groups(
    bboxes: np.ndarray, groups: np.ndarray, num_groups: int
) -> np.ndarray:
    """Compute the box around the boxes of each group."""
    joined = np.empty((num_groups, 4), dtype=bboxes.dtype)
    joined[:, :2], joined[:, 2:] = np.inf, -np.inf
    np.minimum.at(joined[:, :2], groups, bboxes[:, :2])
    np.maximum.at(joined[:, 2:], groups, bboxes[:, 2:])
    return joined
