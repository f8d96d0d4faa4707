"""Brightness, colour and contrast of regions of an image."""

from collections.abc import Sequence

import cv2
import numpy as np

from mmhcm.functional.boxes import as_bboxes
from mmhcm.functional.compiled import compiled

#: Side of a cell in pixels: a block of which a JPEG file stores the mean.
CELL = 8
#: Reach of an object's surroundings, in units of the object's sqrt(area), see
#: `ImageLook.around`.
SURROUND = 1.5
_LOOK_TYPES = 'void(f8[:,::1], f8, f8, b1, f8[:,:,::1], f8[:,::1])'


class ImageLook:
    """Mean colours and contrasts of boxes of one image.

    Args:
        cells: uint8 (h, w, 3) BGR, the image reduced to its cells of `CELL`
            pixels a side, each the mean of its pixels.

    Attributes:
        sums: float64 (h + 1, w + 1, 6), sums of the channels, and of their
            squares, over all cells above and to the left.
    """

    def __init__(self, cells: np.ndarray) -> None:
        sums, squares = cv2.integral2(cells)
        self.sums = np.concatenate([sums, squares], axis=2)

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
        the image uses cells at the border.

        Args:
            bboxes: (n, 4) xyxy, image pixels.
        """
        return self._compute(bboxes, 0.0, 0.0, has_hole=False)

    def around(
        self, bboxes: np.ndarray, reach: float, gap: float = 0.0
    ) -> np.ndarray:
        """Compute looks (n, 4), see `inside`, of the surroundings of boxes.

        Args:
            bboxes: (n, 4) xyxy, image pixels.
            reach: Extent of the surroundings on every side, in units of the
                box's sqrt(area).
            gap: Margin around the box that is left out, in the units of
                ``reach``. Defaults to 0.
        """
        return self._compute(bboxes, reach, gap, has_hole=True)

    def _compute(
        self, bboxes: np.ndarray, reach: float, gap: float, has_hole: bool
    ) -> np.ndarray:
        """Compute looks (n, 4) of boxes grown by ``reach``, less any hole."""
        bboxes = np.ascontiguousarray(bboxes, dtype=np.float64).reshape(-1, 4)
        looks = np.empty((len(bboxes), 4))
        compiled(_fill_looks, _LOOK_TYPES)(
            bboxes, reach, gap, has_hole, self.sums, looks
        )
        return looks


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


def _fill_looks(
    bboxes: np.ndarray,
    reach: float,
    gap: float,
    has_hole: bool,
    sums: np.ndarray,
    looks: np.ndarray,
) -> None:
    """Fill ``looks`` from the sums over cells; ``gap`` pads the hole."""
    height, width = sums.shape[0] - 1.0, sums.shape[1] - 1.0
    total, area = np.zeros(6), 0.0
    for row in range(len(bboxes)):
        x1, y1, x2, y2 = bboxes[row]
        size = np.sqrt(max(x2 - x1, 0.0) * max(y2 - y1, 0.0))
        for part in range(2 if has_hole else 1):
            margin = (gap if part else reach) * size
            left = min(max(np.rint((x1 - margin) / CELL), 0.0), width - 1)
            top = min(max(np.rint((y1 - margin) / CELL), 0.0), height - 1)
            right = min(max(np.rint((x2 + margin) / CELL), left + 1), width)
            bottom = min(max(np.rint((y2 + margin) / CELL), top + 1), height)
            part_area = (right - left) * (bottom - top)
            # A hole that would leave no cell is not cut out.
            if part and part_area >= area:
                break
            for channel in range(6):
                value = (
                    sums[int(bottom), int(right), channel]
                    - sums[int(top), int(right), channel]
                    - sums[int(bottom), int(left), channel]
                    + sums[int(top), int(left), channel]
                )
                total[channel] = total[channel] - value if part else value
            area = area - part_area if part else part_area
        variance = 0.0
        for channel in range(3):
            mean = total[channel] / area
            looks[row, channel] = mean
            variance += total[channel + 3] / area - mean * mean
        looks[row, 3] = np.sqrt(max(variance / 3, 0.0))
