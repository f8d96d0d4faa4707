"""Ignoring of objects outside the valid range of a scale."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS

from mmhcm.functional.boxes import as_bboxes, sqrt_areas


@TRANSFORMS.register_module()
class IgnoreOutOfRange(BaseTransform):
    """Transform that ignores objects outside the image's valid range.

    Scale normalisation of an image pyramid (SNIP, Singh and Davis 2018). Goes
    after ``ResizeToScale``, which chooses the range, and before any crop,
    which would change sizes. For chips, ``ChipDataset`` applies the ranges.

    Required Keys:

    - gt_bboxes (HorizontalBoxes[float32], (n, 4)), resized
    - gt_ignore_flags (bool, (n,))
    - scale_factor (tuple[float, float]), (x, y)
    - valid_range (tuple[float, float]), low <= sqrt(area) < high in source
      pixels

    Modified Keys:

    - gt_ignore_flags
    """

    def transform(self, results: dict) -> dict:
        """Set the flags of the objects out of range."""
        factor = np.sqrt(np.prod(results['scale_factor']))
        sizes = sqrt_areas(as_bboxes(results['gt_bboxes'].numpy())) / factor
        low, high = results['valid_range']
        flags = np.asarray(results['gt_ignore_flags'], dtype=bool)
        results['gt_ignore_flags'] = flags | ~((low <= sizes) & (sizes < high))
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}()'
