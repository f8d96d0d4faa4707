"""Normal chips: a joint cover of objects over all scales (paper 3.2).

Boxes and windows are (n, 4) xyxy in pixels of one source image, half-open.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmhcm.functional.boxes import as_bboxes

from .cover import cover_greedily
from .grid import ScaleGrid
from .scales import (
    ChipScale,
    check_scales,
    clip_to_image,
    find_valid,
    pixel_hulls,
)


@dataclass(frozen=True)
class Chips:
    """The windows of one image, in the order in which they were chosen.

    Attributes:
        windows: float32 (m, 4), whole numbers inside the image.
        scale_inds: int64 (m,), index in the list of scales; the length of the
            list means the whole image as the last resort.
        covered: bool (n,), objects that are valid at the scale of a chip and
            completely in the chip.
        num_excluded: Number of boxes that are valid at no scale, such as
            boxes without area inside the image.
    """

    windows: np.ndarray
    scale_inds: np.ndarray
    covered: np.ndarray
    num_excluded: int


def generate_chips(
    bboxes: np.ndarray,
    image_wh: tuple[int, int],
    scales: Sequence[ChipScale],
    *,
    max_chips: int | None = None,
    valid: np.ndarray | None = None,
    neighbours: np.ndarray | None = None,
) -> Chips:
    """Cover the objects of one image with windows (paper 3.2).

    1. The candidates of a scale are the windows of a grid, with a last row
       and column at the image's border. If no grid position holds an object,
       a window that starts at the object is added.
    2. The window, over all scales, with the most uncovered valid objects is
       taken, until every object is covered.

    Ties are broken by the number of all valid objects in the window, covered
    ones included, then by the order of the scales, then from top to bottom
    and left to right.

    Each chosen window is then moved to the middle of the candidates that hold
    the same objects, so that the objects have context on all sides. With
    ``neighbours``, the window is moved to the candidate that shows the most
    neighbours; ties go to the candidate closest to the middle. The result does
    not depend on the order of the boxes.

    Args:
        bboxes: (n, 4) xyxy of the objects that are not ignored, pixels.
        image_wh: (width, height) of the image, pixels.
        scales: Scales that pass :func:`check_scales`.
        max_chips: Maximum number of chips; the fullest are kept. Defaults to
            None, no limit.
        valid: bool (n, K + 1), the scales at which each box may be covered,
            a subset of :func:`valid_objects`. Defaults to None: all valid
            scales.
        neighbours: (g, 4) xyxy of further objects that chips should show.
            Defaults to None.

    Returns:
        The chosen windows and the objects that they cover.

    Examples:
        >>> scales = [ChipScale(256, (0, 64)), ChipScale(None, (48, np.inf))]
        >>> bboxes = [[10, 10, 40, 40], [60, 20, 90, 50], [300, 100, 500, 250]]
        >>> chips = generate_chips(bboxes, (800, 600), scales)
        >>> chips.windows
        array([[  0.,   0., 256., 256.],
               [  0.,   0., 800., 600.]], dtype=float32)
        >>> chips.scale_inds
        array([0, 1])
        >>> chips.covered
        array([ True,  True,  True])
    """
    check_scales(scales)
    clipped = clip_to_image(bboxes, image_wh)
    hulls = pixel_hulls(clipped)
    if valid is None:
        valid = find_valid(clipped, hulls, image_wh, scales)
    limit = len(hulls) if max_chips is None else max_chips
    has_area = np.asarray(valid.any(axis=1))
    grids = _build_grids(hulls, valid, image_wh, scales)
    chosen, held = cover_greedily(grids, has_area, limit)
    scale_inds = np.flatnonzero(valid.any(axis=0))
    near = clip_to_image(
        as_bboxes([] if neighbours is None else neighbours), image_wh
    )
    near_valid = find_valid(near, pixel_hulls(near), image_wh, scales)
    windows = np.zeros((len(chosen), 4), dtype=np.float32)
    for ind, (grid, scale_ind) in enumerate(
        zip(grids, scale_inds, strict=True)
    ):
        mine = near[near_valid[:, scale_ind]]
        windows[chosen == ind] = grid.windows(held[chosen == ind], mine)
    return Chips(
        windows=windows,
        scale_inds=scale_inds[chosen],
        covered=np.asarray(held.any(axis=0)),
        num_excluded=int(np.count_nonzero(~has_area)),
    )


def _build_grids(
    hulls: np.ndarray,
    valid: np.ndarray,
    image_wh: tuple[int, int],
    scales: Sequence[ChipScale],
) -> list[ScaleGrid]:
    """Build the candidates of each scale that has a valid object.

    The whole image, the last resort, counts as the scale after the last.
    """
    return [
        ScaleGrid(
            hulls,
            valid[:, ind],
            image_wh,
            scale.window_wh(image_wh),
            scale.grid_stride(),
        )
        for ind, scale in enumerate([*scales, ChipScale(None, (0, np.inf))])
        if valid[:, ind].any()
    ]
