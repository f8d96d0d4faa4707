"""Loading of a whole image, with errors for faults of the file."""

from typing import Any

import cv2
import mmcv
import numpy as np
from mmcv.transforms import LoadImageFromFile
from mmdet.registry import TRANSFORMS
from mmengine import fileio

from mmhcm.functional.jpeg import is_cut_short
from mmhcm.structures.files import one_line


@TRANSFORMS.register_module(name='LoadImageFromFile')
class LoadCheckedImage(LoadImageFromFile):
    """``LoadImageFromFile`` with checks of the file.

    The class replaces mmcv's class in MMDetection's registry, with the same
    arguments and pixels, so that all pipelines that use MMDetection's name,
    including ``DetInferencer`` and SAHI, have the checks.

    OpenCV decodes all files to 8 bits per channel, BGR: grey values are
    repeated, an alpha channel is dropped, CMYK is converted, and of 16 bits
    the upper eight are kept. Some versions of OpenCV fill the missing part of
    a JPEG file with black; a missing part is an error in this class.

    Required Keys:

    - img_path (str)
    - width, height (optional), pixels, compared with the decoded image

    Added Keys:

    - img (np.uint8)
    - img_shape, ori_shape (tuple[int, int])

    Args:
        args: Positional arguments of mmcv's ``LoadImageFromFile``.
        kwargs: Keyword arguments of mmcv's ``LoadImageFromFile``. With
            ``ignore_empty``, a broken file gives None.

    Raises:
        ValueError: the file is not an image, is cut short, or differs from the
            recorded size. The message starts with the path.
        OSError: the file cannot be read.
    """

    def transform(self, results: dict) -> dict | None:
        """Read, check and decode the file."""
        path = results['img_path']
        try:
            img = self._decode(self._read(path), path)
            _check_size(img, results)
        except (OSError, ValueError):
            if self.ignore_empty:
                return None
            raise
        results['img'] = img
        results['img_shape'] = results['ori_shape'] = img.shape[:2]
        return results

    def _read(self, path: str) -> bytes:
        if self.file_client_args is None:
            content = fileio.get(path, backend_args=self.backend_args)
        else:
            client = fileio.FileClient.infer_client(
                self.file_client_args, path
            )
            content = client.get(path)
        if is_cut_short(content):
            raise ValueError(f'{path}: the JPEG file is cut short')
        return content

    def _decode(self, content: bytes, path: str) -> np.ndarray:
        try:
            img = mmcv.imfrombytes(
                content, flag=self.color_type, backend=self.imdecode_backend
            )
        except cv2.error as error:
            # Empty file, too many pixels, or too little memory.
            reason = one_line(error, None) if content else 'is empty'
            raise ValueError(f'{path}: {reason}') from error
        if img is None:
            raise ValueError(f'{path}: not an image that OpenCV can decode')
        return img.astype(np.float32) if self.to_float32 else img


@TRANSFORMS.register_module()
class LoadImage(LoadCheckedImage):
    """``LoadImageFromFile`` that ignores the orientation in EXIF.

    Annotations refer to pixels as stored.

    Args:
        color_type (str): Defaults to 'color_ignore_orientation'.
        kwargs: Further arguments of ``LoadCheckedImage``.
    """

    def __init__(
        self, color_type: str = 'color_ignore_orientation', **kwargs: Any
    ) -> None:
        super().__init__(color_type=color_type, **kwargs)


def _check_size(img: np.ndarray, results: dict) -> None:
    height, width = img.shape[:2]
    recorded = results.get('width', width), results.get('height', height)
    if (width, height) != recorded:
        raise ValueError(
            f'{results["img_path"]} is {width} x {height} pixels, its data '
            f'set has {recorded[0]} x {recorded[1]}'
        )
