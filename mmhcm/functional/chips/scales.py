"""Chip scales, and the objects that are valid at each.

Boxes and windows are (n, 4) xyxy in pixels of one source image, half-open.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmhcm.functional.boxes import as_bboxes, box_areas, clip_boxes

_STRIDES_PER_WINDOW = 9


@dataclass(frozen=True)
class ChipScale:
    """Scale at which chips are cut.

    Attributes:
        window: Side of the square window, source pixels. None means the
            whole image.
        valid_range: ``(low, high)`` of the square root of an object's area,
            source pixels, half-open: ``low <= size < high``. ``high`` may be
            infinite, ``low`` may be negative.
        stride: Distance between neighbouring windows, source pixels. None
            means a ninth of the window.
    """

    window: int | None
    valid_range: tuple[float, float]
    stride: int | None = None

    def window_wh(self, image_wh: tuple[int, int]) -> tuple[int, int]:
        """Return (width, height) of the window, clipped to the image."""
        width, height = image_wh
        if self.window is None:
            return width, height
        return min(self.window, width), min(self.window, height)

    def grid_stride(self) -> int:
        """Return the distance between neighbouring windows, pixels."""
        if self.stride is not None:
            return self.stride
        # the whole image is a single window, for which any stride works
        return max(1, (self.window or 1) // _STRIDES_PER_WINDOW)


def check_scales(scales: Sequence[ChipScale]) -> None:
    """Check that every object size is in the valid range of a scale.

    Args:
        scales: The scales of a config, in any order.

    Raises:
        ValueError: If there is no scale, a window or stride is not positive,
            a range is empty, or the ranges leave a gap above 0.

    Examples:
        >>> fine = ChipScale(256, (0, 64))
        >>> coarse = ChipScale(None, (48, np.inf))
        >>> check_scales([fine, coarse])
        >>> check_scales([fine])
        Traceback (most recent call last):
            ...
        ValueError: no valid_range holds sizes from 64 pixels up
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


def find_valid(
    clipped: np.ndarray,
    hulls: np.ndarray,
    image_wh: tuple[int, int],
    scales: Sequence[ChipScale],
) -> np.ndarray:
    """Find the scales at which clipped objects are valid.

    Args:
        clipped: float64 (n, 4), boxes clipped to the image.
        hulls: int64 (n, 4), see :func:`pixel_hulls`.
        image_wh: (width, height) of the image, pixels.
        scales: The K scales.

    Returns:
        bool (n, K + 1), see :func:`valid_objects`.
    """
    sizes = np.sqrt(box_areas(clipped))
    valid = np.zeros((len(clipped), len(scales) + 1), dtype=bool)
    fits = np.zeros((len(clipped), len(scales)), dtype=bool)
    for ind, scale in enumerate(scales):
        window_wh = scale.window_wh(image_wh)
        fits[:, ind] = (hulls[:, 2:] - hulls[:, :2] <= window_wh).all(axis=1)
        low, high = scale.valid_range
        valid[:, ind] = fits[:, ind] & (low <= sizes) & (sizes < high)
    lost = ~valid.any(axis=1)
    if lost.any():
        for ind in _finest_first(scales):
            valid[:, ind] |= lost & fits[:, ind]
            lost &= ~fits[:, ind]
        valid[:, -1] = lost
    valid[sizes <= 0] = False
    return valid


def clip_to_image(bboxes: np.ndarray, image_wh: tuple[int, int]) -> np.ndarray:
    """Clip boxes (n, 4) to the image; float64, so that sizes are exact."""
    clipped = clip_boxes(
        as_bboxes(bboxes).astype(np.float64), (0, 0, *image_wh)
    )
    # a box with NaN has no area
    clipped[np.isnan(clipped).any(axis=1)] = 0
    return clipped


def pixel_hulls(bboxes: np.ndarray) -> np.ndarray:
    """Round ``bboxes`` (n, 4) outward to whole pixels, int64."""
    return np.concatenate(
        [np.floor(bboxes[:, :2]), np.ceil(bboxes[:, 2:])], axis=1
    ).astype(np.int64)


def _finest_first(scales: Sequence[ChipScale]) -> list[int]:
    """Sort the indices of scales by window; ties keep the given order."""
    sides = [
        np.inf if scale.window is None else scale.window for scale in scales
    ]
    return np.argsort(sides, kind='stable').tolist()


def valid_objects(
    bboxes: np.ndarray,
    image_wh: tuple[int, int],
    scales: Sequence[ChipScale],
) -> np.ndarray:
    """Find the scales at which each object is valid, i.e. to be learned.

    An object is valid at a scale if its size is in the valid range and its box
    fits in the window. A long, thin object without such a scale is valid at
    the finest scale whose window holds its box, or else in the whole image.
    Boxes are clipped to the image first; a box without area in the image is
    valid nowhere.

    Windows have whole-pixel coordinates. Boxes are rounded outward to whole
    pixels to decide whether they fit in a window.

    Args:
        bboxes: (n, 4) xyxy in pixels of the image.
        image_wh: (width, height) of the image, pixels.
        scales: The K scales.

    Returns:
        bool (n, K + 1); the last column is the whole image, the last resort.

    Examples:
        >>> scales = [ChipScale(256, (0, 64)), ChipScale(None, (48, np.inf))]
        >>> bboxes = [[0, 0, 30, 30], [0, 0, 50, 50], [0, 0, 300, 200]]
        >>> valid_objects(bboxes, (800, 600), scales)
        array([[ True, False, False],
               [ True,  True, False],
               [False,  True, False]])
    """
    clipped = clip_to_image(bboxes, image_wh)
    return find_valid(clipped, pixel_hulls(clipped), image_wh, scales)
