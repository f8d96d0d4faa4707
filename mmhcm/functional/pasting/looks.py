"""Brightness, colour and contrast of places in an image."""

from collections.abc import Sequence

import cv2
import numpy as np

from mmhcm.functional.boxes import as_bboxes

#: An image is looked at in cells of so many pixels a side, the smallest part
#: of a JPEG file that has a mean of its own.
CELL = 8


class ImageLook:
    """Means and deviations of the pixels of one image, in boxes.

    Args:
        cells: uint8 (h, w, 3) BGR, the image reduced to its cells of `CELL`
            pixels a side, each the mean of its pixels.
    """

    def __init__(self, cells: np.ndarray) -> None:
        sums, squares = cv2.integral2(cells)
        # (h + 1, w + 1, 6): sums of the channels, and of their squares.
        self._sums = np.concatenate([sums, squares], axis=2)
        self._wh = np.array([cells.shape[1], cells.shape[0]])

    @classmethod
    def of_image(cls, image: np.ndarray) -> 'ImageLook':
        """Reduce a whole image, uint8 (h, w, 3) BGR."""
        height, width = image.shape[:2]
        wh = (-(-width // CELL), -(-height // CELL))
        return cls(cv2.resize(image, wh, interpolation=cv2.INTER_AREA))

    def inside(self, bboxes: np.ndarray) -> np.ndarray:
        """Looks (n, 4) inside boxes: mean B, G, R and contrast, 0..255.

        The contrast is the standard deviation of the cells, over the
        channels. A box is rounded to whole cells, at least one, those of the
        border for a box beyond the image.

        Args:
            bboxes: (n, 4) xyxy, image pixels.
        """
        cells = self._to_cells(bboxes)
        return _looks(self._total(cells), _areas(cells))

    def around(
        self, bboxes: np.ndarray, reach: float, gap: float = 0.0
    ) -> np.ndarray:
        """Looks (n, 4), see `inside`, of what surrounds the boxes.

        Args:
            bboxes: (n, 4) xyxy, image pixels.
            reach: how far, in sqrt(area) of each box, to every side.
            gap: distance to the box from which on pixels count, likewise.
        """
        bboxes = np.asarray(bboxes, dtype=np.float64).reshape(-1, 4)
        outer = self._to_cells(_grown(bboxes, reach))
        inner = self._to_cells(_grown(bboxes, gap))
        total, areas = self._total(outer), _areas(outer)
        ring_areas = areas - _areas(inner)
        has_ring = ring_areas > 0
        rings = total - self._total(inner)
        return _looks(
            np.where(has_ring[:, None], rings, total),
            np.where(has_ring, ring_areas, areas),
        )

    def _to_cells(self, bboxes: np.ndarray) -> np.ndarray:
        """Whole cells (n, 4) xyxy of boxes, at least one each."""
        cells = np.rint(np.asarray(bboxes, dtype=np.float64) / CELL)
        low = np.clip(cells[:, :2], 0, self._wh - 1)
        high = np.clip(cells[:, 2:], low + 1, self._wh)
        return np.concatenate([low, high], axis=1).astype(np.int64)

    def _total(self, cells: np.ndarray) -> np.ndarray:
        """Sums (n, 6) of the pixels of cells, and of their squares."""
        x1, y1, x2, y2 = cells.T
        sums = self._sums
        return sums[y2, x2] - sums[y1, x2] - sums[y2, x1] + sums[y1, x1]


def surround_looks(
    image: np.ndarray, bboxes: Sequence[np.ndarray] | np.ndarray
) -> np.ndarray:
    """Looks float32 (n, 4) of the surroundings of an image's objects.

    Args:
        image: uint8 (h, w, 3) BGR.
        bboxes: (n, 4) xyxy, image pixels.

    Examples:
        >>> image = np.full((200, 200, 3), 120, dtype=np.uint8)
        >>> image[80:120, 80:120] = 255
        >>> surround_looks(image, [[96, 96, 112, 112]]).round()
        array([[167., 167., 167.,  64.]], dtype=float32)
        >>> surround_looks(image, [[0, 0, 16, 16]]).round()
        array([[120., 120., 120.,   0.]], dtype=float32)
    """
    look = ImageLook.of_image(image)
    return look.around(as_bboxes(bboxes), SURROUND).astype(np.float32)


#: Reach of the surroundings that tell how a scene is lit, in sqrt(area) of
#: the object, see `ImageLook.around`.
SURROUND = 1.5


def look_distances(looks1: np.ndarray, looks2: np.ndarray) -> np.ndarray:
    """Distance of looks (..., 4), in grey levels: (...).

    The root mean square difference of the colours plus that of the
    contrasts.
    """
    gaps = np.square(looks1 - looks2)
    return np.sqrt(gaps[..., :3].mean(axis=-1)) + np.sqrt(gaps[..., 3])


def ground_distances(looks1: np.ndarray, looks2: np.ndarray) -> np.ndarray:
    """Distance of the grounds in looks (..., 4), in grey levels: (...).

    Hue tells a road from trees, where brightness tells light from shade only:
    the differences of the channels from their mean count fourfold, that of
    the mean a half (both squared), and that of the contrast is added.
    """
    gaps = looks1 - looks2
    mean = gaps[..., :3].mean(axis=-1)
    hue = np.square(gaps[..., :3]).sum(axis=-1) - 3 * np.square(mean)
    shift = 4 * np.maximum(hue, 0) + np.square(mean) / 2
    return np.sqrt(shift) + np.abs(gaps[..., 3])


def _grown(bboxes: np.ndarray, reach: float) -> np.ndarray:
    sides = np.maximum(bboxes[:, 2:] - bboxes[:, :2], 0)
    margin = reach * np.sqrt(sides.prod(axis=1))[:, None]
    return np.concatenate([bboxes[:, :2] - margin, bboxes[:, 2:] + margin], 1)


def _areas(cells: np.ndarray) -> np.ndarray:
    return (cells[:, 2] - cells[:, 0]) * (cells[:, 3] - cells[:, 1])


def _looks(totals: np.ndarray, areas: np.ndarray) -> np.ndarray:
    moments = totals / areas[:, None]
    variances = moments[:, 3:] - np.square(moments[:, :3])
    contrasts = np.sqrt(np.maximum(variances.mean(axis=1), 0))
    return np.concatenate([moments[:, :3], contrasts[:, None]], axis=1)
