"""Box arithmetic on float (n, 4) xyxy arrays in continuous coordinates.

All boxes of one call are in pixels of the same image.
"""

import numpy as np


def as_bboxes(bboxes: object) -> np.ndarray:
    """Convert ``bboxes`` to a float32 array of shape (n, 4); n may be 0.

    Examples:
        >>> as_bboxes([[0, 0, 10, 20]])
        array([[ 0.,  0., 10., 20.]], dtype=float32)
        >>> as_bboxes([]).shape
        (0, 4)
    """
    return np.asarray(bboxes, dtype=np.float32).reshape(-1, 4)


def box_wh(bboxes: np.ndarray) -> np.ndarray:
    """Compute widths and heights (n, 2) of ``bboxes`` (n, 4), at least 0.

    Examples:
        >>> box_wh(as_bboxes([[10, 20, 40, 60]]))
        array([[30., 40.]], dtype=float32)
    """
    return np.maximum(bboxes[:, 2:] - bboxes[:, :2], 0)


def box_areas(bboxes: np.ndarray) -> np.ndarray:
    """Compute the areas (n,) of ``bboxes`` (n, 4).

    Examples:
        >>> box_areas(as_bboxes([[0, 0, 4, 9], [5, 5, 5, 8]]))
        array([36.,  0.], dtype=float32)
    """
    return box_wh(bboxes).prod(axis=1)


def sqrt_areas(bboxes: np.ndarray) -> np.ndarray:
    """Compute the square roots (n,) of the areas, the size in valid ranges.

    Examples:
        >>> sqrt_areas(as_bboxes([[0, 0, 4, 9], [5, 5, 5, 8]]))
        array([6., 0.], dtype=float32)
    """
    return np.sqrt(box_areas(bboxes))


def clip_boxes(
    bboxes: np.ndarray, window: tuple[float, float, float, float]
) -> np.ndarray:
    """Clip ``bboxes`` (n, 4) to ``window`` (x1, y1, x2, y2).

    Examples:
        >>> clip_boxes(as_bboxes([[-5, 10, 30, 50]]), (0, 0, 20, 40))
        array([[ 0., 10., 20., 40.]], dtype=float32)
    """
    x1, y1, x2, y2 = window
    low = np.asarray([x1, y1, x1, y1], dtype=bboxes.dtype)
    high = np.asarray([x2, y2, x2, y2], dtype=bboxes.dtype)
    return np.clip(bboxes, low, high)


def intersection_areas(bboxes1: np.ndarray, bboxes2: np.ndarray) -> np.ndarray:
    """Compute pairwise intersection areas (n, m) of (n, 4) and (m, 4) boxes.

    Examples:
        >>> bboxes = as_bboxes([[0, 0, 10, 10], [50, 50, 60, 60]])
        >>> intersection_areas(bboxes, as_bboxes([[5, 0, 15, 10]]))
        array([[50.],
               [ 0.]], dtype=float32)
    """
    # Axis by axis: a pair of numbers as last axis takes twice as long.
    width, height = (
        np.minimum(bboxes1[:, None, axis + 2], bboxes2[None, :, axis + 2])
        - np.maximum(bboxes1[:, None, axis], bboxes2[None, :, axis])
        for axis in range(2)
    )
    return np.asarray(np.maximum(width, 0) * np.maximum(height, 0))  # (n, m)


def box_iou(bboxes1: np.ndarray, bboxes2: np.ndarray) -> np.ndarray:
    """Compute pairwise IoU (n, m) of (n, 4) and (m, 4) boxes.

    The IoU is 0 where the union has no area.

    Examples:
        >>> bboxes = as_bboxes([[0, 0, 10, 10], [50, 50, 60, 60]])
        >>> box_iou(bboxes, as_bboxes([[5, 0, 10, 10]]))
        array([[0.5],
               [0. ]], dtype=float32)
    """
    inter = intersection_areas(bboxes1, bboxes2)
    union = box_areas(bboxes1)[:, None] + box_areas(bboxes2)[None] - inter
    return _divide(inter, union)


def box_iof(bboxes1: np.ndarray, bboxes2: np.ndarray) -> np.ndarray:
    """Compute pairwise intersections over the areas of ``bboxes1``: (n, m).

    Examples:
        >>> bboxes = as_bboxes([[0, 0, 10, 10], [50, 50, 60, 60]])
        >>> box_iof(bboxes, as_bboxes([[0, 0, 100, 5]]))
        array([[0.5],
               [0. ]], dtype=float32)
    """
    inter = intersection_areas(bboxes1, bboxes2)
    return _divide(
        inter, np.broadcast_to(box_areas(bboxes1)[:, None], inter.shape)
    )


def contains(windows: np.ndarray, bboxes: np.ndarray) -> np.ndarray:
    """Test which windows (n, 4) contain which whole boxes (m, 4): bool (n, m).

    Examples:
        >>> windows = as_bboxes([[0, 0, 20, 20], [5, 0, 25, 20]])
        >>> contains(windows, as_bboxes([[2, 2, 12, 12]]))
        array([[ True],
               [False]])
    """
    starts_inside = windows[:, None, :2] <= bboxes[None, :, :2]
    ends_inside = windows[:, None, 2:] >= bboxes[None, :, 2:]
    return np.asarray((starts_inside & ends_inside).all(axis=2))  # (n, m)


def _divide(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    out = np.zeros(numerator.shape, dtype=np.result_type(numerator, 1.0))
    return np.divide(numerator, denominator, out=out, where=denominator > 0)
