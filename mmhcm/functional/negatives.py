"""Conventional negative chips, as SNIPER mines them (paper section 3.3).

They are the comparator of hard chips: background windows dense in proposals.
"""

from collections.abc import Sequence

import numpy as np

from .boxes import as_bboxes, contains
from .chips import Chips, ChipScale, generate_chips


def negative_chips(
    proposals: np.ndarray,
    positive_windows: np.ndarray,
    image_wh: tuple[int, int],
    scales: Sequence[ChipScale],
    *,
    min_proposals: int = 10,
    max_chips: int = 2,
) -> Chips:
    """Cover the proposals that lie in no positive chip.

    1. Proposals that a positive chip holds whole are dropped.
    2. The rest go through the generator of normal chips, over all scales.
    3. The fullest windows with at least ``min_proposals`` of them are kept.

    SNIPER covers each scale separately and asks for more proposals at the
    finest scale (over 25, else over 10).

    Args:
        proposals: (n, 4) xyxy, pixels of the image.
        positive_windows: (m, 4) xyxy, the image's normal chips.
        image_wh: (width, height) of the image, pixels.
        scales: The chip scales.
        min_proposals: Least proposals that a window newly holds.
        max_chips: Most windows of the image.

    Returns:
        The windows; ``covered`` speaks of all ``proposals``.
    """
    proposals = as_bboxes(proposals)
    outside = ~contains(as_bboxes(positive_windows), proposals).any(axis=0)
    chips = generate_chips(
        proposals[outside], image_wh, scales, max_chips=max_chips
    )
    held = contains(chips.windows, proposals[outside])  # (m, n)
    # The greedy takes windows by what is new in them.
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
