"""Masks and crops of uint8 (h, w, 3) images."""

from collections.abc import Sequence

import cv2
import numpy as np

from .boxes import as_bboxes

#: Mean colour of ImageNet, BGR, subtracted from images for Caffe's weights.
CAFFE_MEAN = (103.53, 116.28, 123.675)


def fill_regions(
    image: np.ndarray,
    regions: np.ndarray,
    color: Sequence[float],
    origin: tuple[int, int] = (0, 0),
) -> np.ndarray:
    """Return a copy of ``image`` with ``regions`` painted over.

    Args:
        image: uint8 (h, w, 3).
        regions: (r, 4) xyxy in pixels of the whole image. Regions are rounded
            outward, so that a partly covered pixel is painted too. Parts
            outside the image are cut off; regions without area are skipped.
        color: Three channel values in the image's order, rounded to uint8.
        origin: (x, y) of the first pixel of ``image`` in the whole image, if
            ``image`` is a crop. Defaults to (0, 0).

    Examples:
        >>> image = np.zeros((2, 4, 3), dtype=np.uint8)
        >>> fill_regions(image, [[1, 0, 3, 1]], color=(7, 8, 9))[..., 0]
        array([[0, 7, 7, 0],
               [0, 0, 0, 0]], dtype=uint8)
    """
    out = image.copy()
    height, width = image.shape[:2]
    fill = _as_pixel(color)
    for x1, y1, x2, y2 in as_bboxes(regions):
        if x2 <= x1 or y2 <= y1:
            continue
        left = max(int(np.floor(x1)) - origin[0], 0)
        top = max(int(np.floor(y1)) - origin[1], 0)
        right = min(int(np.ceil(x2)) - origin[0], width)
        bottom = min(int(np.ceil(y2)) - origin[1], height)
        # Negative ends of a slice would wrap around.
        if left < right and top < bottom:
            out[top:bottom, left:right] = fill
    return out


def crop_resize_pad(
    image: np.ndarray,
    window: Sequence[float],
    scale: float,
    chip_size: int,
    color: Sequence[float],
) -> np.ndarray:
    """Cut ``window`` out of ``image`` and fit it into a square chip.

    A point (x, y) of the image is mapped to ((x - x1) * scale,
    (y - y1) * scale) of the chip, up to half a pixel from rounding the size.
    Interpolation is bilinear, as in MMDetection's ``Resize``.

    Args:
        image: uint8 (h, w, 3).
        window: (x1, y1, x2, y2), whole pixels inside ``image``.
        scale: Chip pixels per image pixel.
        chip_size: Side of the chip in pixels.
        color: Three channel values of the padding at the right and the bottom.

    Returns:
        uint8 (chip_size, chip_size, 3).

    Raises:
        ValueError: If the window is empty, reaches out of the image, or is
            larger than the chip after scaling.

    Examples:
        >>> image = np.full((60, 100, 3), 200, dtype=np.uint8)
        >>> window = (40, 20, 100, 60)
        >>> chip = crop_resize_pad(image, window, 2, 128, color=(0, 0, 0))
        >>> chip.shape
        (128, 128, 3)
        >>> chip[[79, 80], 0, 0]
        array([200,   0], dtype=uint8)
    """
    x1, y1, x2, y2 = (int(v) for v in window)
    height, width = image.shape[:2]
    if not (0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height):
        raise ValueError(
            f'window {(x1, y1, x2, y2)} is empty or outside the image of '
            f'{width} x {height} pixels'
        )
    new_width = max(round((x2 - x1) * scale), 1)
    new_height = max(round((y2 - y1) * scale), 1)
    if max(new_width, new_height) > chip_size:
        raise ValueError(
            f'window {(x1, y1, x2, y2)} at scale {scale:g} is {new_width} x '
            f'{new_height} pixels, more than the chip size {chip_size}'
        )
    crop = image[y1:y2, x1:x2]
    if crop.shape[:2] == (new_height, new_width):
        crop = crop.copy()
    else:
        crop = cv2.resize(
            crop, (new_width, new_height), interpolation=cv2.INTER_LINEAR
        )
    if new_width == new_height == chip_size:
        return crop
    chip = np.empty((chip_size, chip_size, 3), dtype=np.uint8)
    chip[:new_height, :new_width] = crop
    # Copying rows is several times faster than copying pixels.
    padding = np.tile(_as_pixel(color), (chip_size, 1))
    chip[:new_height, new_width:] = padding[new_width:]
    chip[new_height:] = padding
    return chip


def _as_pixel(color: Sequence[float]) -> np.ndarray:
    return np.clip(np.rint(np.asarray(color)), 0, 255).astype(np.uint8)
