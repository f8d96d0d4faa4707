"""Ignoring of objects that a crop has cut."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS
from mmdet.structures.bbox import HorizontalBoxes

from mmhcm.functional.boxes import as_bboxes, box_areas, clip_boxes


@TRANSFORMS.register_module()
class IgnoreCutObjects(BaseTransform):
    """Transform that ignores objects that a crop has cut too much.

    Goes after ``RandomCrop(bbox_clip_border=False)``, which does not clip
    boxes; ``IgnoreCutObjects`` clips the boxes to the image.

    Required Keys:

    - img_shape (tuple[int, int])
    - gt_bboxes (HorizontalBoxes[float32], (n, 4))
    - gt_ignore_flags (bool, (n,))

    Modified Keys:

    - gt_bboxes, gt_ignore_flags

    Args:
        min_visible (float): Smallest share of an object's area inside the
            image; otherwise the object is ignored. Defaults to 0.5.

    Raises:
        ValueError: The share is not in 0..1.
    """

    def __init__(self, min_visible: float = 0.5) -> None:
        if not 0 < min_visible <= 1:
            raise ValueError(f'min_visible must be in 0..1, got {min_visible}')
        self.min_visible = min_visible

    def transform(self, results: dict) -> dict:
        """Ignore and clip."""
        height, width = results['img_shape'][:2]
        bboxes = as_bboxes(results['gt_bboxes'].numpy())
        inside = clip_boxes(bboxes, (0, 0, width, height))
        is_cut = box_areas(inside) < self.min_visible * box_areas(bboxes)
        flags = np.asarray(results['gt_ignore_flags'], dtype=bool)
        results['gt_bboxes'] = HorizontalBoxes(inside)
        results['gt_ignore_flags'] = flags | is_cut
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(min_visible={self.min_visible})'
