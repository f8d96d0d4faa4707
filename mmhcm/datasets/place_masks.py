"""Masks of the positions where objects may be pasted."""

from pathlib import Path

import cv2
import numpy as np


class PlaceMasks:
    """Folder with one mask for each image, such as a mask of the roads.

    Args:
        folder: Folder with ``<stem>.png`` for the image ``<stem>.jpg``, of any
            size; pixels that are not 0 are positions for pasting. None uses no
            masks.
    """

    def __init__(self, folder: str | Path | None) -> None:
        self.folder = None if folder is None else Path(folder)

    def check(self, img_path: str) -> None:
        """Make sure that an image has a mask.

        Raises:
            ValueError: the image has no mask.
        """
        path = self._path(img_path)
        if path is not None and not path.is_file():
            raise ValueError(
                f'place_masks: no mask {path} of {img_path}; set place_masks '
                'to None to paste next to objects'
            )

    def read(self, img_path: str) -> np.ndarray | None:
        """Read an image's mask, bool (h, w); None without masks.

        Raises:
            ValueError: the file is not an image.
        """
        path = self._path(img_path)
        if path is None:
            return None
        mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        if mask is None:
            raise ValueError(f'{path}: no image that OpenCV can decode')
        return mask > 0

    def _path(self, img_path: str) -> Path | None:
        if self.folder is None:
            return None
        return self.folder / f'{Path(img_path).stem}.png'
