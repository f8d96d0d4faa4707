"""Brightness, colour and contrast of regions of an image."""

from collections.abc import Sequence

import cv2
import numpy as np

from mmhcm.functional.boxes import as_bboxes

#: Side of a cell in pixels; a JPEG file stores the mean of each such block.
CELL = 8


class ImageLook:
    """Mean colours and contrasts of boxes of one image.

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
        """Create the look of a whole image, uint8 (h, w, 3) BGR."""
        height, width = image.shape[:2]
        wh = (-(-width // CELL), -(-height // CELL))
        return cls(cv2.resize(image, wh, interpolation=cv2.INTER_AREA))

    def inside(self, bboxes: np.ndarray) -> np.ndarray:
        """Compute looks (n, 4) of boxes: mean B, G, R and contrast, 0..255.

        The contrast is the root of the cells' variance, averaged over the
        channels. A box is rounded to whole cells, at least one; a box beyond
        the image takes cells at the border.

        Args:
            bboxes: (n, 4) xyxy, image pixels.
        """
        cells = self._to_cells(bboxes)
        return _looks(self._total(cells), _areas(cells))

    def around(
        self, bboxes: np.ndarray, reach: float, gap: float = 0.0
    ) -> np.ndarray:
        """Compute looks (n, 4), see `inside`, of the surroundings of boxes.

        Args:
            bboxes: (n, 4) xyxy, image pixels.
            reach: Extent of the surroundings on every side, in units of the
                box's sqrt(area).
            gap: Margin around the box that is left out, in the same units.
                Defaults to 0.
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
        """Round boxes to whole cells (n, 4) xyxy, at least one each."""
        cells = np.rint(np.asarray(bboxes, dtype=np.float64) / CELL)
        low = np.clip(cells[:, :2], 0, self._wh - 1)
        high = np.clip(cells[:, 2:], low + 1, self._wh)
        return np.concatenate([low, high], axis=1).astype(np.int64)

    def _total(self, cells: np.ndarray) -> np.ndarray:
        """Sum the values of cells, and their squares: (n, 6)."""
        x1, y1, x2, y2 = cells.T
        sums = self._sums
        return sums[y2, x2] - sums[y1, x2] - sums[y2, x1] + sums[y1, x1]


def surround_looks(
    image: np.ndarray, bboxes: Sequence[np.ndarray] | np.ndarray
) -> np.ndarray:
    """Compute looks, float32 (n, 4), of the surroundings of objects.

    A look is mean B, G, R and contrast, see `ImageLook.inside`.

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


#: Reach of an object's surroundings, in units of the object's sqrt(area), see
#: `ImageLook.around`.
SURROUND = 1.5


def look_distances(looks1: np.ndarray, looks2: np.ndarray) -> np.ndarray:
    """Compute distances (...) of looks (..., 4), in grey levels.

    The distance is the root mean square difference of the colours plus the
    difference of the contrasts.
    """
    gaps = np.square(looks1 - looks2)
    return np.sqrt(gaps[..., :3].mean(axis=-1)) + np.sqrt(gaps[..., 3])


def ground_distances(looks1: np.ndarray, looks2: np.ndarray) -> np.ndarray:
    """Compute distances (...) of grounds with looks (..., 4), in grey levels.

    A road and trees differ in hue, whereas light and shade differ in
    brightness alone. The squared differences of the channels from their mean
    are therefore weighted by 4, the squared difference of the mean by 1/2, and
    the difference of the contrasts is added to the root.
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
