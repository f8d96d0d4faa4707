"""Comparators of hard chips: random background and dense proposals."""

from collections.abc import Sequence

import numpy as np

from mmhcm.functional.boxes import (
    as_bboxes,
    contains,
    intersection_areas,
)
from mmhcm.functional.regions import union_shares

from .object_cover import Chips, generate_chips
from .scales import ChipScale


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
       column at the image's border, that share no area with an object and
       whose masked share is at most ``max_masked``.
    2. A scale with candidates is drawn, then one of its candidates. All
       candidates that overlap the drawn window, at any scale, are removed.
    3. Step 2 is repeated up to ``max_chips`` times.

    Args:
        bboxes: (n, 4) xyxy of all objects, ignored ones included, pixels.
        ignored_regions: (r, 4) xyxy, masked pixels.
        image_wh: (width, height) of the image, pixels.
        scales: The chip scales.
        max_chips: Maximum number of windows. Defaults to 2.
        max_masked: Highest share of a window in ignored regions. Defaults to
            0.5.
        rng: Source of all draws.

    Returns:
        The windows; ``covered`` is False for every object.

    Examples:
        >>> chips = background_chips(
        ...     [[100, 100, 140, 140]],
        ...     ignored_regions=[],
        ...     image_wh=(512, 512),
        ...     scales=[ChipScale(256, (0, np.inf), stride=256)],
        ...     rng=np.random.default_rng(0),
        ... )
        >>> chips.windows
        array([[256., 256., 512., 512.],
               [  0., 256., 256., 512.]], dtype=float32)
    """
    bboxes, regions = as_bboxes(bboxes), as_bboxes(ignored_regions)
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
    """List the windows (m, 4) xyxy of a scale's grid, row by row, pixels."""
    window_wh = scale.window_wh(image_wh)
    starts = []
    for side, window in zip(image_wh, window_wh, strict=True):
        last = side - window
        steps = np.arange(0, last + 1, scale.grid_stride())
        starts.append(np.unique(np.append(steps, last)))
    y, x = np.meshgrid(starts[1], starts[0], indexing='ij')
    corners = np.stack([x.ravel(), y.ravel()], axis=1)
    return as_bboxes(np.hstack([corners, corners + np.array(window_wh)]))


def negative_chips(
    proposals: np.ndarray,
    positive_windows: np.ndarray,
    image_wh: tuple[int, int],
    scales: Sequence[ChipScale],
    *,
    min_proposals: int = 10,
    max_chips: int = 2,
) -> Chips:
    """Cover the proposals that are in no positive chip.

    1. Proposals that are completely in a positive chip are dropped.
    2. The other proposals are covered by :func:`generate_chips`, over all
       scales.
    3. Windows that newly cover at least ``min_proposals`` proposals are kept.

    SNIPER covers each scale separately and requires more proposals at the
    finest scale (over 25, else over 10).

    Args:
        proposals: (n, 4) xyxy, pixels of the image.
        positive_windows: (m, 4) xyxy, the image's normal chips.
        image_wh: (width, height) of the image, pixels.
        scales: The chip scales.
        min_proposals: Smallest number of proposals that a window newly
            covers. Defaults to 10.
        max_chips: Maximum number of windows. Defaults to 2.

    Returns:
        The windows; ``covered`` has an entry for each of ``proposals``.

    Examples:
        >>> chips = negative_chips(
        ...     [[20, 20, 40, 40], [30, 30, 60, 60], [400, 400, 420, 420]],
        ...     positive_windows=[[256, 256, 512, 512]],
        ...     image_wh=(512, 512),
        ...     scales=[ChipScale(256, (0, np.inf), stride=256)],
        ...     min_proposals=2,
        ... )
        >>> chips.windows
        array([[  0.,   0., 256., 256.]], dtype=float32)
        >>> chips.covered
        array([ True,  True, False])
    """
    proposals = as_bboxes(proposals)
    outside = ~contains(as_bboxes(positive_windows), proposals).any(axis=0)
    chips = generate_chips(
        proposals[outside], image_wh, scales, max_chips=max_chips
    )
    held = contains(chips.windows, proposals[outside])  # (m, n)
    # The greedy cover orders windows by the number of newly covered boxes.
    before = np.cumsum(held, axis=0) - held
    num_new = (held & (before == 0)).sum(axis=1)
    keep = num_new >= min_proposals
    covered = np.zeros(len(proposals), dtype=bool)
    covered[outside] = held[keep].any(axis=0)
    return Chips(
        windows=chips.windows[keep],
        scale_inds=chips.scale_inds[keep],
        covered=covered,
        num_excluded=chips.num_excluded,
    )
