"""Normal chips: a joint greedy cover of objects over all scales (paper 3.2).

Boxes and windows are (n, 4) xyxy in pixels of one source image, half-open.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .boxes import as_bboxes, box_areas, clip_boxes, intersection_areas
from .chip_grid import ScaleGrid

_STRIDES_PER_WINDOW = 9


@dataclass(frozen=True)
class ChipScale:
    """One scale at which chips are cut.

    Attributes:
        window: Side of the square window, source pixels. None stands for the
            whole image.
        valid_range: ``(low, high)`` of the square root of an object's area,
            source pixels, half-open: ``low <= size < high``. ``high`` may be
            infinite, ``low`` may be negative.
        stride: Distance of two neighbouring windows, source pixels. None
            stands for a ninth of the window.
    """

    window: int | None
    valid_range: tuple[float, float]
    stride: int | None = None

    def window_wh(self, image_wh: tuple[int, int]) -> tuple[int, int]:
        """Return (width, height) of the window, cut to the image."""
        width, height = image_wh
        if self.window is None:
            return width, height
        return min(self.window, width), min(self.window, height)

    def grid_stride(self) -> int:
        """Return the distance of two neighbouring windows, pixels."""
        if self.stride is not None:
            return self.stride
        # the whole image has one window only, whatever its stride
        return max(1, (self.window or 1) // _STRIDES_PER_WINDOW)


@dataclass(frozen=True)
class Chips:
    """The windows of one image, in the order in which they were chosen.

    Attributes:
        windows: float32 (m, 4), whole numbers inside the image.
        scale_inds: int64 (m,), position in the list of scales; its length
            stands for the whole image as the last resort.
        covered: bool (n,), objects that lie whole in a chip at whose scale
            they are valid.
        num_excluded: Number of boxes without area inside the image.
    """

    windows: np.ndarray
    scale_inds: np.ndarray
    covered: np.ndarray
    num_excluded: int


def check_scales(scales: Sequence[ChipScale]) -> None:
    """Check that every object size falls in the valid range of a scale.

    Args:
        scales: The scales of a config, in any order.

    Raises:
        ValueError: If there is no scale, a window or stride is not positive,
            a range is empty, or the ranges leave a gap above 0.
    """
    if not scales:
        raise ValueError('scales is empty, at least one scale is needed')
    for scale in scales:
        low, high = scale.valid_range
        if scale.window is not None and scale.window <= 0:
            raise ValueError(f'window must be positive in {scale}')
        if scale.stride is not None and scale.stride <= 0:
            raise ValueError(f'stride must be positive in {scale}')
        # written so that NaN fails as well
        if not low < high:
            raise ValueError(f'valid_range is empty in {scale}')
    reached = 0.0
    for low, high in sorted(scale.valid_range for scale in scales):
        if low > reached:
            raise ValueError(
                f'no valid_range holds sizes from {reached} to {low} pixels'
            )
        reached = max(reached, high)
    if reached < np.inf:
        raise ValueError(
            f'no valid_range holds sizes from {reached} pixels up'
        )


def valid_objects(
    bboxes: np.ndarray,
    image_wh: tuple[int, int],
    scales: Sequence[ChipScale],
) -> np.ndarray:
    """Tell at which scales each object is to be learned.

    An object is valid where its size is in range and it fits the window. One
    that is valid nowhere by this rule, a long thin one, is valid at the
    finest scale whose window holds it, else on the whole image. Boxes are
    clipped to the image first; without area there they are valid nowhere.

    A box fits when the smallest box of whole pixels around it does, since
    windows lie on whole pixels.

    Args:
        bboxes: (n, 4) xyxy in pixels of the image.
        image_wh: (width, height) of the image, pixels.
        scales: The K scales.

    Returns:
        bool (n, K + 1); the last column is the whole image as last resort.
    """
    clipped = _clip_to_image(bboxes, image_wh)
    hulls, sizes = _pixel_hulls(clipped), np.sqrt(box_areas(clipped))
    valid = np.zeros((len(clipped), len(scales) + 1), dtype=bool)
    fits = np.zeros((len(clipped), len(scales)), dtype=bool)
    for ind, scale in enumerate(scales):
        window_wh = scale.window_wh(image_wh)
        fits[:, ind] = (hulls[:, 2:] - hulls[:, :2] <= window_wh).all(axis=1)
        low, high = scale.valid_range
        valid[:, ind] = fits[:, ind] & (low <= sizes) & (sizes < high)
    lost = ~valid.any(axis=1)
    for ind in _finest_first(scales):
        valid[:, ind] |= lost & fits[:, ind]
        lost &= ~fits[:, ind]
    valid[:, -1] = lost
    valid[sizes <= 0] = False
    return valid


def generate_chips(
    bboxes: np.ndarray,
    image_wh: tuple[int, int],
    scales: Sequence[ChipScale],
    *,
    max_chips: int | None = None,
) -> Chips:
    """Cover the objects of one image with windows (paper 3.2).

    1. Candidates are, per scale, the windows of a grid, with a last row and
       column flush with the image's border, and windows that start at an
       object which no grid position holds.
    2. The window, over all scales, with the most uncovered valid objects is
       taken, until every object is covered.

    Ties: the window that holds more valid objects in all, covered ones
    included; then the scale that comes first, then the upper, then the left
    window. The choice is moved to the middle of the candidates that hold the
    same objects, so that they get context on all sides. None of this depends
    on the order of the boxes.

    Args:
        bboxes: (n, 4) xyxy of the objects that are not ignored, pixels.
        image_wh: (width, height) of the image, pixels.
        scales: Scales that pass :func:`check_scales`.
        max_chips: Stop after so many chips, the fullest ones come first.
            Defaults to None, no limit.

    Returns:
        The chosen windows and what they cover.
    """
    check_scales(scales)
    valid = valid_objects(bboxes, image_wh, scales)
    hulls = _pixel_hulls(_clip_to_image(bboxes, image_wh))
    # the whole image as last resort is the scale after the last
    last_resort = ChipScale(None, (0, np.inf))
    grids = [
        ScaleGrid(
            hulls,
            valid[:, ind],
            image_wh,
            scale.window_wh(image_wh),
            scale.grid_stride(),
        )
        for ind, scale in enumerate([*scales, last_resort])
        if valid[:, ind].any()
    ]
    grid_scale_inds = np.flatnonzero(valid.any(axis=0))
    remaining = np.asarray(valid.any(axis=1))
    num_excluded = int((~remaining).sum())
    limit = len(remaining) if max_chips is None else max_chips
    windows, scale_inds = [], []
    # a chip covers at least one object, so there are no more than objects
    for _ in range(min(limit, len(remaining))):
        if not remaining.any():
            break
        chosen = int(np.argmax([grid.best_score() for grid in grids]))
        window, held = grids[chosen].pick()
        newly = np.flatnonzero(held & remaining)
        for grid in grids:
            grid.discard(newly)
        remaining[newly] = False
        windows.append(window)
        scale_inds.append(grid_scale_inds[chosen])
    return Chips(
        windows=as_bboxes(windows),
        scale_inds=np.asarray(scale_inds, dtype=np.int64),
        covered=valid.any(axis=1) & ~remaining,
        num_excluded=num_excluded,
    )


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


def _finest_first(scales: Sequence[ChipScale]) -> list[int]:
    """Return indices of the scales by window; ties in the given order."""
    sides = [
        np.inf if scale.window is None else scale.window for scale in scales
    ]
    return np.argsort(sides, kind='stable').tolist()


def _clip_to_image(
    bboxes: np.ndarray, image_wh: tuple[int, int]
) -> np.ndarray:
    """Boxes (n, 4) cut to the image, float64 so that sizes are exact."""
    clipped = clip_boxes(
        as_bboxes(bboxes).astype(np.float64), (0, 0, *image_wh)
    )
    # a box that is not a number has no area
    clipped[np.isnan(clipped).any(axis=1)] = 0
    return clipped


def _pixel_hulls(bboxes: np.ndarray) -> np.ndarray:
    """Smallest boxes of whole pixels, int64 (n, 4), around ``bboxes``."""
    return np.concatenate(
        [np.floor(bboxes[:, :2]), np.ceil(bboxes[:, 2:])], axis=1
    ).astype(np.int64)
