"""Objects in a chip: which it shows, where, and which it teaches.

Boxes and windows are (n, 4) xyxy in pixels of one source image, half-open.
"""

from collections.abc import Sequence

import numpy as np

from mmhcm.functional.boxes import (
    as_bboxes,
    box_areas,
    clip_boxes,
    intersection_areas,
)

from .scales import ChipScale, valid_objects


def count_taught_objects(
    bboxes: np.ndarray,
    windows: np.ndarray,
    scale_inds: np.ndarray | Sequence[int],
    image_wh: tuple[int, int],
    scales: Sequence[ChipScale],
    *,
    min_visible: float = 0.5,
) -> np.ndarray:
    """Count the objects of each chip, see :func:`find_taught_objects`.

    Returns:
        int64 (m,).
    """
    return find_taught_objects(
        bboxes, windows, scale_inds, image_wh, scales, min_visible=min_visible
    ).sum(axis=1)


def find_taught_objects(
    bboxes: np.ndarray,
    windows: np.ndarray,
    scale_inds: np.ndarray | Sequence[int],
    image_wh: tuple[int, int],
    scales: Sequence[ChipScale],
    *,
    min_visible: float = 0.5,
) -> np.ndarray:
    """Find each chip's objects that are of its scale and visible enough.

    Args:
        bboxes: (n, 4) xyxy, objects that are not ignored; pixels of the image.
        windows: (m, 4) xyxy of the chips, same pixels.
        scale_inds: (m,) scales of the chips.
        image_wh: (width, height) of the image, pixels.
        scales: The chip scales.
        min_visible: Share of an object's area that has to lie in the window.

    Returns:
        bool (m, n).
    """
    bboxes, windows = as_bboxes(bboxes), as_bboxes(windows)
    scale_inds = np.asarray(scale_inds, dtype=np.int64)
    valid = valid_objects(bboxes, image_wh, scales)[:, scale_inds].T
    inside = intersection_areas(windows, bboxes)  # (m, n)
    visible = (inside > 0) & (inside >= min_visible * box_areas(bboxes))
    return np.asarray(visible & valid)


def assign_to_chip(
    bboxes: np.ndarray,
    window: np.ndarray,
    valid: np.ndarray,
    *,
    min_visible: float = 0.5,
) -> tuple[np.ndarray, np.ndarray]:
    """Tell which objects a chip shows, and which of them it teaches.

    Args:
        bboxes: (n, 4) xyxy inside the image, pixels.
        window: (4,) xyxy of the chip, same pixels.
        valid: bool (n,), objects that are valid at the chip's scale: one
            column of :func:`valid_objects`.
        min_visible: Share of an object's area that has to lie in the window.
            Defaults to 0.5.

    Returns:
        int64 (k,) indices of the objects that overlap the window, and bool
        (k,), True where the object is kept and False where it is to be
        ignored: out of the scale's range, or cut too much.
    """
    bboxes = as_bboxes(bboxes)
    visible = intersection_areas(bboxes, as_bboxes(window))[:, 0]  # (n,)
    inds = np.flatnonzero(visible > 0)
    enough = visible[inds] >= min_visible * box_areas(bboxes[inds])
    return inds, np.asarray(valid, dtype=bool)[inds] & enough


def project_to_chip(
    bboxes: np.ndarray,
    window: np.ndarray,
    valid: np.ndarray,
    resize: float,
    min_visible: float = 0.5,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give the objects of a chip in the chip's pixels.

    Args:
        bboxes: (n, 4) xyxy inside the image, pixels.
        window: (4,) xyxy of the chip, same pixels.
        valid: bool (n,), see :func:`assign_to_chip`.
        resize: Chip pixels per image pixel.
        min_visible: See :func:`assign_to_chip`. Defaults to 0.5.

    Returns:
        float32 (k, 4) boxes cut to the window, chip pixels, and of
        :func:`assign_to_chip` int64 (k,) indices and bool (k,) kept ones.
    """
    bboxes, window = as_bboxes(bboxes), np.asarray(window, dtype=np.float32)
    inds, keep = assign_to_chip(bboxes, window, valid, min_visible=min_visible)
    cut = clip_boxes(bboxes[inds], tuple(window)) - np.tile(window[:2], 2)
    return cut * np.float32(resize), inds, keep
