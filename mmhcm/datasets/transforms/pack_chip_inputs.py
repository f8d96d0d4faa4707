"""Packing of a chip, with a faster copy of its pixels."""

import cv2
import numpy as np
from mmdet.datasets.transforms import PackDetInputs
from mmdet.registry import TRANSFORMS


@TRANSFORMS.register_module()
class PackChipInputs(PackDetInputs):
    """``PackDetInputs`` in a third of the time, with the same result.

    ``PackDetInputs`` spends most time on reordering the channels; OpenCV
    reorders several pixels at a time, also in flipped images.

    Required Keys:

    - img (np.uint8), and the keys of ``PackDetInputs``

    Result Keys:

    - inputs (torch.uint8), (3, h, w)
    - data_samples (DetDataSample)

    Args:
        meta_keys (Sequence[str]): Keys to store in the data sample.
    """

    def transform(self, results: dict) -> dict:
        """Pack."""
        img = results.get('img')
        if img is None or img.ndim != 3 or img.dtype != np.uint8:
            return super().transform(results)
        planes = _planes(img)
        # Transposed back to an image, from which the base class takes the
        # planes without another copy.
        return super().transform({**results, 'img': planes.transpose(1, 2, 0)})


def _planes(img: np.ndarray) -> np.ndarray:
    """Copy an image (h, w, c) to contiguous channels (c, h, w)."""
    height, width, channels = img.shape
    planes = np.empty((channels, height, width), dtype=np.uint8)
    # A flipped image is a view with negative strides, which OpenCV would copy
    # first.
    steps = [-1 if stride < 0 else 1 for stride in img.strides[:2]]
    forwards = img[:: steps[0], :: steps[1]]
    if not forwards.flags.c_contiguous:
        planes[:] = img.transpose(2, 0, 1)
        return planes
    if channels == 1:
        planes[0] = img[..., 0]
        return planes
    cv2.split(forwards, mv=list(planes))
    if steps == [1, 1]:
        return planes
    code = 1 if steps[0] == 1 else 0 if steps[1] == 1 else -1
    # In place, because touching new memory takes longer than flipping.
    for plane in planes:
        cv2.flip(plane, code, dst=plane)
    return planes
