"""Objects of a chip, and the objects that are learned in the chip.

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


def count_learned_objects(
    bboxes: np.ndarray,
    windows: np.ndarray,
    scale_inds: np.ndarray | Sequence[int],
    image_wh: tuple[int, int],
    scales: Sequence[ChipScale],
    *,
    min_visible: float = 0.5,
) -> np.ndarray:
    """Count the learned objects of each chip.

    See :func:`find_learned_objects` for the arguments.

    Returns:
        int64 (m,).

    Examples:
        >>> count_learned_objects(
        ...     [[10, 10, 40, 40], [250, 20, 280, 50]],
        ...     windows=[[0, 0, 256, 256]],
        ...     scale_inds=[0],
        ...     image_wh=(800, 600),
        ...     scales=[ChipScale(256, (0, np.inf))],
        ... )
        array([1])
    """
    return find_learned_objects(
        bboxes, windows, scale_inds, image_wh, scales, min_visible=min_visible
    ).sum(axis=1)


def find_learned_objects(
    bboxes: np.ndarray,
    windows: np.ndarray,
    scale_inds: np.ndarray | Sequence[int],
    image_wh: tuple[int, int],
    scales: Sequence[ChipScale],
    *,
    min_visible: float = 0.5,
) -> np.ndarray:
    """Find the objects that are learned in each chip.

    An object is learned in a chip if the object is valid at the chip's scale
    and a large enough part of the object is visible.

    Args:
        bboxes: (n, 4) xyxy, objects that are not ignored; pixels of the image.
        windows: (m, 4) xyxy of the chips, same pixels.
        scale_inds: (m,) scales of the chips.
        image_wh: (width, height) of the image, pixels.
        scales: The chip scales.
        min_visible: Smallest share of an object's area inside the window.
            Defaults to 0.5.

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
    """Find the visible objects and the learned objects of a chip.

    Args:
        bboxes: (n, 4) xyxy inside the image, pixels.
        window: (4,) xyxy of the chip, same pixels.
        valid: bool (n,), objects that are valid at the chip's scale: a
            column of :func:`valid_objects`.
        min_visible: Smallest share of an object's area inside the window.
            Defaults to 0.5.

    Returns:
        int64 (k,) indices of the objects that overlap the window, and bool
        (k,), True for objects that are kept, False for objects that are
        ignored: out of the scale's range, or not visible enough.
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
    """Project the objects of a chip to the chip's pixels.

    Args:
        bboxes: (n, 4) xyxy inside the image, pixels.
        window: (4,) xyxy of the chip, same pixels.
        valid: bool (n,), see :func:`assign_to_chip`.
        resize: Chip pixels per image pixel.
        min_visible: See :func:`assign_to_chip`. Defaults to 0.5.

    Returns:
        float32 (k, 4) boxes clipped to the window, chip pixels; int64 (k,)
        indices and bool (k,) from :func:`assign_to_chip`.

    Examples:
        >>> bboxes, inds, is_kept = project_to_chip(
        ...     [[110, 110, 140, 140], [340, 120, 380, 150]],
        ...     window=[100, 100, 356, 356],
        ...     valid=[True, True],
        ...     resize=2,
        ... )
        >>> bboxes
        array([[ 20.,  20.,  80.,  80.],
               [480.,  40., 512., 100.]], dtype=float32)
        >>> is_kept
        array([ True, False])
    """
    bboxes, window = as_bboxes(bboxes), np.asarray(window, dtype=np.float32)
    inds, keep = assign_to_chip(bboxes, window, valid, min_visible=min_visible)
    cut = clip_boxes(bboxes[inds], tuple(window)) - np.tile(window[:2], 2)
    return cut * np.float32(resize), inds, keep
