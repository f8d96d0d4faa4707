"""Masking of ignored instances, for heads that cannot ignore instances."""

from collections.abc import Sequence

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS

from mmhcm.functional.boxes import as_bboxes
from mmhcm.functional.pixels import CAFFE_MEAN, fill_regions


@TRANSFORMS.register_module()
class MaskIgnoredInstances(BaseTransform):
    """Transform that fills ignored instances, except inside valid instances.

    CornerNet, CenterNet and similar heads drop ignored instances, which become
    false background unless they are filled with one colour.
    Goes after ``CropChip``.

    Required Keys:

    - img (np.uint8)
    - gt_bboxes (HorizontalBoxes[float32], (n, 4))
    - gt_ignore_flags (bool, (n,))

    Modified Keys:

    - img

    Args:
        color (Sequence[float]): Fill colour. Defaults to the Caffe mean
            (103.53, 116.28, 123.675), BGR.
    """

    def __init__(self, color: Sequence[float] = CAFFE_MEAN) -> None:
        self.color = tuple(color)

    def transform(self, results: dict) -> dict:
        """Fill the ignored instances."""
        flags = np.asarray(results['gt_ignore_flags'], dtype=bool)
        if not flags.any():
            return results
        img = results['img']
        bboxes = as_bboxes(results['gt_bboxes'].numpy())
        masked = fill_regions(img, bboxes[flags], self.color)
        height, width = img.shape[:2]
        for x1, y1, x2, y2 in bboxes[~flags]:
            left, top = max(int(x1), 0), max(int(y1), 0)
            right = min(int(np.ceil(x2)), width)
            bottom = min(int(np.ceil(y2)), height)
            masked[top:bottom, left:right] = img[top:bottom, left:right]
        results['img'] = masked
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(color={self.color})'
