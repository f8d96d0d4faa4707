"""What chips teach beside their reason to exist."""

from collections.abc import Sequence

import numpy as np

from .boxes import as_bboxes, box_areas, intersection_areas
from .chips import ChipScale, valid_objects


def count_taught_objects(
    bboxes: np.ndarray,
    windows: np.ndarray,
    scale_inds: np.ndarray | Sequence[int],
    image_wh: tuple[int, int],
    scales: Sequence[ChipScale],
    *,
    min_visible: float = 0.5,
) -> np.ndarray:
    """Count each chip's objects that are of its scale and visible enough.

    Args:
        bboxes: (n, 4) xyxy, objects that are not ignored; pixels of the image.
        windows: (m, 4) xyxy of the chips, same pixels.
        scale_inds: (m,) scales of the chips.
        image_wh: (width, height) of the image, pixels.
        scales: The chip scales.
        min_visible: Share of an object's area that has to lie in the window.

    Returns:
        int64 (m,).
    """
    bboxes, windows = as_bboxes(bboxes), as_bboxes(windows)
    scale_inds = np.asarray(scale_inds, dtype=np.int64)
    valid = valid_objects(bboxes, image_wh, scales)[:, scale_inds].T
    inside = intersection_areas(windows, bboxes)  # (m, n)
    visible = (inside > 0) & (inside >= min_visible * box_areas(bboxes))
    return (visible & valid).sum(axis=1)
