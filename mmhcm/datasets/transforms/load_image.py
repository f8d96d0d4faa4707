"""Loading of a whole image, with every fault of its file named."""

import cv2
import mmcv
import numpy as np
from mmcv.transforms import LoadImageFromFile
from mmdet.registry import TRANSFORMS
from mmengine import fileio

from mmhcm.functional.jpeg import is_cut_short
from mmhcm.structures.files import one_line


@TRANSFORMS.register_module()
class LoadImage(LoadImageFromFile):
    """Transform that loads an image as stored; errors name its fault.

    OpenCV gives 8 bits a channel, BGR, whatever the file holds: grey values
    are repeated, an alpha channel is left off, CMYK converted, and of 16 bits
    the upper eight are kept. Some of its versions fill what is missing of a
    JPEG file with black; here that is an error.

    Required Keys:

    - img_path (str)
    - width, height (optional), pixels, compared with the image's

    Added Keys:

    - img (np.uint8)
    - img_shape, ori_shape (tuple[int, int])

    Args:
        color_type (str): Defaults to 'color_ignore_orientation', as boxes are
            drawn on the pixels as they are stored.
        to_float32 (bool): Defaults to False.
        imdecode_backend (str): Defaults to 'cv2'.
        backend_args (dict, optional): Of MMEngine's file backend. Defaults to
            None.

    Raises:
        ValueError: the file is no image, is cut short, or is of another size
            than its data set recorded. The message starts with the path.
        OSError: the file cannot be read.
    """

    def __init__(
        self,
        color_type: str = 'color_ignore_orientation',
        to_float32: bool = False,
        imdecode_backend: str = 'cv2',
        backend_args: dict | None = None,
    ) -> None:
        super().__init__(
            to_float32=to_float32,
            color_type=color_type,
            imdecode_backend=imdecode_backend,
            backend_args=backend_args,
        )

    def transform(self, results: dict) -> dict | None:
        """Read, check and decode the file."""
        path = results['img_path']
        content = fileio.get(path, backend_args=self.backend_args)
        if is_cut_short(content):
            raise ValueError(f'{path}: the JPEG file is cut short')
        img = self._decode(content, path)
        height, width = img.shape[:2]
        recorded = results.get('width', width), results.get('height', height)
        if (width, height) != recorded:
            raise ValueError(
                f'{path} is {width} x {height} pixels, its data set has '
                f'{recorded[0]} x {recorded[1]}'
            )
        results['img'] = img
        results['img_shape'] = results['ori_shape'] = (height, width)
        return results

    def _decode(self, content: bytes, path: str) -> np.ndarray:
        try:
            img = mmcv.imfrombytes(
                content, flag=self.color_type, backend=self.imdecode_backend
            )
        except cv2.error as error:
            # An empty file, too many pixels, no memory for them.
            reason = one_line(error, None) if content else 'is empty'
            raise ValueError(f'{path}: {reason}') from error
        if img is None:
            raise ValueError(f'{path}: not an image that OpenCV can decode')
        return img.astype(np.float32) if self.to_float32 else img
