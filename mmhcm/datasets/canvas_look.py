"""Looks of canvases, read from their files at an eighth of their size."""

import cv2

from mmhcm.functional.pasting import ImageLook

_FLAGS = cv2.IMREAD_REDUCED_COLOR_8 | cv2.IMREAD_IGNORE_ORIENTATION


def read_look(img_path: str) -> ImageLook | None:
    """Read the look of an image; return None if OpenCV cannot decode it.

    Loading the whole image reports the fault.

    Args:
        img_path: Image file. For JPEG, only the means of blocks are decoded.
    """
    try:
        cells = cv2.imread(img_path, _FLAGS)
    except cv2.error:
        return None
    return None if cells is None else ImageLook(cells)
