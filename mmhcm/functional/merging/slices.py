"""Slices of an image for testing, and detections that slice borders cut.

All values are in pixels of the whole image.
"""

import numpy as np

from mmhcm.functional.boxes import as_bboxes


def slice_windows(
    width: int, height: int, window: int, overlap: float = 0.2
) -> np.ndarray:
    """Cover an image with windows of one size, row by row.

    Windows are ``window - int(overlap * window)`` pixels apart. The last
    window of a row or column ends at the image's edge and overlaps more,
    instead of being smaller. Along a side that is shorter than a window,
    windows are as long as the image.

    Args:
        width: Width of the image.
        height: Height of the image.
        window: Side of a window.
        overlap: Share of a window that is shared with its neighbour, in
            [0, 1). Defaults to 0.2.

    Returns:
        int64 (n, 4) xyxy, all of the same size; n is 0 for an image without
        pixels.

    Raises:
        ValueError: If the window is not positive, or the overlap is not in
            [0, 1).

    Examples:
        >>> slice_windows(width=1000, height=600, window=600)
        array([[   0,    0,  600,  600],
               [ 400,    0, 1000,  600]])
    """
    check_slices(window, overlap)
    step = window - int(overlap * window)
    x, y = (_starts(side, window, step) for side in (int(width), int(height)))
    y1, x1 = (axis.ravel() for axis in np.meshgrid(y, x, indexing='ij'))
    return np.stack(
        [x1, y1, x1 + min(window, width), y1 + min(window, height)], axis=1
    )


def check_slices(window: int, overlap: float) -> None:
    """Check the side and the overlap of slices.

    Args:
        window: Side of a window, pixels.
        overlap: Share of a window that is shared with its neighbour.

    Raises:
        ValueError: If the window is not positive, or the overlap is not in
            [0, 1).

    Examples:
        >>> check_slices(window=640, overlap=0.2)
        >>> check_slices(window=640, overlap=1.0)
        Traceback (most recent call last):
            ...
        ValueError: overlap must be in [0, 1), got 1.0
    """
    if window < 1:
        raise ValueError(f'window must be positive, got {window}')
    if not 0 <= overlap < 1:
        raise ValueError(f'overlap must be in [0, 1), got {overlap}')


def cut_detections(
    bboxes: np.ndarray,
    window_inds: np.ndarray,
    windows: np.ndarray,
    image_wh: tuple[int, int],
    margin: float = 2.0,
) -> np.ndarray:
    """Find detections that are cut by a border but whole in another window.

    A detection is cut if it ends within ``margin`` of a border of its window
    that is not the image's edge: the object may extend beyond the border. If
    another window contains the whole detection, at least ``margin`` away from
    that window's inner borders, that window shows more of the object, and its
    detection is preferable. A detection that no window contains in this way,
    because the object is longer than the overlap, is not marked.

    Args:
        bboxes: (n, 4) xyxy.
        window_inds: (n,) index into ``windows`` of each detection.
        windows: (k, 4) xyxy, from ``slice_windows``.
        image_wh: (width, height) of the image.
        margin: Largest distance from a border to a cut detection, pixels.
            Defaults to 2.

    Returns:
        bool (n,), True for detections to drop.

    Examples:
        >>> windows = slice_windows(width=1000, height=600, window=600)
        >>> bboxes = [[560, 100, 600, 140], [560, 100, 620, 140]]
        >>> cut_detections(bboxes, np.array([0, 1]), windows, (1000, 600))
        array([ True, False])
    """
    bboxes = as_bboxes(bboxes)
    cut = touch_inner_borders(bboxes, window_inds, windows, image_wh, margin)
    inner = _inner_limits(windows, image_wh, margin)
    for axis in range(2):
        low, high = bboxes[:, axis], bboxes[:, axis + 2]
        # Windows form a grid, so that each axis can be tested alone.
        limits = np.unique(inner[:, [axis, axis + 2]], axis=0)
        cut &= ((low >= limits[:, :1]) & (high <= limits[:, 1:])).any(
            axis=0
        )  # (starts, n) -> (n,)
    return cut


def touch_inner_borders(
    bboxes: np.ndarray,
    window_inds: np.ndarray,
    windows: np.ndarray,
    image_wh: tuple[int, int],
    margin: float = 2.0,
) -> np.ndarray:
    """Find detections that end at a border that is not the image's edge.

    Args:
        bboxes: (n, 4) xyxy.
        window_inds: (n,) index into ``windows`` of each detection.
        windows: (k, 4) xyxy.
        image_wh: (width, height) of the image.
        margin: Largest distance from a border, pixels. Defaults to 2.

    Returns:
        bool (n,).

    Examples:
        >>> windows = [[0, 0, 600, 600]]
        >>> bboxes = [[0, 0, 40, 40], [560, 100, 599, 140]]
        >>> touch_inner_borders(bboxes, [0, 0], windows, (1000, 600))
        array([False,  True])
    """
    bboxes = as_bboxes(bboxes)
    inner = _inner_limits(windows, image_wh, margin)[window_inds]
    outside = (bboxes[:, :2] < inner[:, :2]) | (bboxes[:, 2:] > inner[:, 2:])
    return outside.any(axis=1)


def _inner_limits(
    windows: np.ndarray, image_wh: tuple[int, int], margin: float
) -> np.ndarray:
    """Shrink windows (k, 4) by the margin, but not at the image's edge."""
    windows = np.asarray(windows, dtype=np.int64).reshape(-1, 4)
    starts, ends = windows[:, :2], windows[:, 2:]
    floors = np.where(starts > 0, starts + margin, -np.inf)
    ceils = np.where(ends < image_wh, ends - margin, np.inf)
    return np.concatenate([floors, ceils], axis=1)


def _starts(side: int, window: int, step: int) -> np.ndarray:
    """Compute the starts of windows along one side."""
    if side <= window:
        return np.zeros(min(side, 1), dtype=np.int64)
    last = side - window
    return np.append(np.arange(0, last, step, dtype=np.int64), last)
