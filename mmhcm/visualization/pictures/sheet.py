"""Sheet of many pictures."""

from collections.abc import Sequence

import cv2
import numpy as np

from .strokes import STRIP_COLOR


def contact_sheet(
    images: Sequence[np.ndarray],
    num_columns: int = 3,
    tile_wh: tuple[int, int] = (640, 640),
    gap: int = 8,
) -> np.ndarray:
    """Put pictures next to each other, each fitted into a tile.

    Args:
        images: uint8 (h, w, 3) pictures of any sizes.
        num_columns: Tiles in a row. Defaults to 3.
        tile_wh: Largest (width, height) of a tile, pixels; a row is as high
            as its highest picture, a column as wide as its widest
            picture.
        gap: Pixels between tiles. Defaults to 8.

    Returns:
        uint8 (h', w', 3); one pixel if there are no pictures.
    """
    if not images:
        return np.full((1, 1, 3), STRIP_COLOR, dtype=np.uint8)
    num_columns = min(num_columns, len(images))
    tiles = [_fit(image, tile_wh) for image in images]
    rows = [
        tiles[start : start + num_columns]
        for start in range(0, len(tiles), num_columns)
    ]
    widths = [
        max(tile.shape[1] for tile in tiles[column::num_columns])
        for column in range(num_columns)
    ]
    heights = [max(tile.shape[0] for tile in row) for row in rows]
    lefts, tops = (
        np.cumsum([gap, *np.add(sides, gap)]) for sides in (widths, heights)
    )
    shape = tops[-1], lefts[-1], 3
    sheet = np.full(shape, STRIP_COLOR, dtype=np.uint8)
    for row, top in zip(rows, tops, strict=False):
        for tile, left in zip(row, lefts, strict=False):
            height, width = tile.shape[:2]
            sheet[top : top + height, left : left + width] = tile
    return sheet


def _fit(image: np.ndarray, tile_wh: tuple[int, int]) -> np.ndarray:
    """Shrink a picture to fit a tile; it is never enlarged."""
    height, width = image.shape[:2]
    factor = min(tile_wh[0] / width, tile_wh[1] / height, 1)
    if factor == 1:
        return image
    size = max(round(width * factor), 1), max(round(height * factor), 1)
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)
