"""Random background chips, the simplest comparator of hard chips."""

from collections.abc import Sequence

import numpy as np

from .boxes import as_bboxes, box_areas, intersection_areas
from .chips import Chips, ChipScale
from .regions import union_shares


def background_chips(
    bboxes: np.ndarray,
    ignored_regions: np.ndarray,
    image_wh: tuple[int, int],
    scales: Sequence[ChipScale],
    *,
    max_chips: int = 2,
    max_masked: float = 0.5,
    rng: np.random.Generator,
) -> Chips:
    """Draw windows that show no object.

    1. Candidates are the windows of each scale's grid, with a last row and
       column flush with the image's border, that have no area in common with
       an object and are not masked for the most part.
    2. A scale that has candidates is drawn, and one of them. Those that
       overlap it, at any scale, are candidates no longer. Repeat.

    Args:
        bboxes: (n, 4) xyxy of all objects, ignored ones included, pixels.
        ignored_regions: (r, 4) xyxy, masked pixels.
        image_wh: (width, height) of the image, pixels.
        scales: The chip scales.
        max_chips: Most windows of the image.
        max_masked: Highest share of a window in ignored regions.
        rng: Source of all draws.

    Returns:
        The windows; ``covered`` is False for every object.
    """
    bboxes, regions = as_bboxes(bboxes), as_bboxes(ignored_regions)
    bboxes = bboxes[box_areas(bboxes) > 0]
    free = []
    for scale in scales:
        windows = grid_windows(scale, image_wh)
        windows = windows[
            ~(intersection_areas(windows, bboxes) > 0).any(axis=1)
        ]
        free.append(windows[union_shares(windows, regions) <= max_masked])
    chosen, scale_inds = [], []
    for _ in range(max_chips):
        open_inds = [ind for ind, windows in enumerate(free) if len(windows)]
        if not open_inds:
            break
        scale_ind = open_inds[rng.integers(len(open_inds))]
        window = free[scale_ind][rng.integers(len(free[scale_ind]))]
        chosen.append(window)
        scale_inds.append(scale_ind)
        free = [
            windows[intersection_areas(windows, window[None])[:, 0] <= 0]
            for windows in free
        ]
    return Chips(
        windows=as_bboxes(chosen),
        scale_inds=np.asarray(scale_inds, dtype=np.int64),
        covered=np.zeros(len(bboxes), dtype=bool),
        num_excluded=0,
    )


def grid_windows(scale: ChipScale, image_wh: tuple[int, int]) -> np.ndarray:
    """Windows (m, 4) xyxy of a scale's grid, rows from the top, pixels."""
    window_wh = scale.window_wh(image_wh)
    starts = []
    for side, window in zip(image_wh, window_wh, strict=True):
        last = side - window
        steps = np.arange(0, last + 1, scale.grid_stride())
        starts.append(np.unique(np.append(steps, last)))
    y, x = np.meshgrid(starts[1], starts[0], indexing='ij')
    corners = np.stack([x.ravel(), y.ravel()], axis=1)
    return as_bboxes(np.hstack([corners, corners + np.array(window_wh)]))
