"""Loading of the part of an image that a chip shows."""

import mmcv
import numpy as np
from mmdet.registry import TRANSFORMS

from mmhcm.functional.pasting import paste_areas

from .load_image import LoadImage


@TRANSFORMS.register_module()
class LoadChipImage(LoadImage):
    """Load an image, or no more of it than its chip needs.

    With ``partial_decoding``, ``ChipDataset`` hands over marks in the JPEG
    files from which a window is decoded, to the same pixels as the whole. An
    image without marks (PNG, progressive JPEG, changed since) is decoded as
    a whole. ``MaskIgnoredRegions``, ``PasteObjects`` and ``CropChip`` know of
    ``img_origin``; whatever else stands before ``CropChip`` sees a part.

    Required Keys:

    - img_path (str)
    - chip, width, height, image_ind, jpeg_marks (optional)

    Added Keys:

    - img (np.uint8)
    - img_shape, ori_shape (tuple[int, int]), of the whole image
    - img_origin (tuple[int, int]), x and y of the part's first pixel, source
      pixels; absent for a whole image

    Args:
        args: Arguments of ``LoadImage``. With another ``color_type`` than
            its default, images are decoded as a whole.
        kwargs: The same.
    """

    def transform(self, results: dict) -> dict | None:
        """Load what is needed; the marks leave the results."""
        results.pop('img_origin', None)
        if not self._load_part(results):
            return super().transform(results)
        return results

    def _load_part(self, results: dict) -> bool:
        marks, chip = results.pop('jpeg_marks', None), results.get('chip')
        if (
            marks is None
            or chip is None
            or self.color_type != 'color_ignore_orientation'
            or self.imdecode_backend != 'cv2'
            or self.backend_args is not None
        ):
            return False
        image_wh = (results['width'], results['height'])
        x1, y1, x2, y2 = area = _needed_area(results, image_wh)
        part = marks.read_part(
            results['image_ind'], results['img_path'], image_wh, area
        )
        if part is None:
            return False
        around = mmcv.imfrombytes(part.content, flag=self.color_type)
        if around is None:
            return False
        left, top = part.origin
        # Beyond the area pixels may differ from those of the whole image.
        img = around[y1 - top : y2 - top, x1 - left : x2 - left]
        if self.to_float32:
            img = img.astype(np.float32)
        results['img'] = img
        results['img_origin'] = (x1, y1)
        results['img_shape'] = results['ori_shape'] = image_wh[::-1]
        return True


def _needed_area(
    results: dict, image_wh: tuple[int, int]
) -> tuple[int, int, int, int]:
    """The window, and all of the pastes that touch it: x1, y1, x2, y2."""
    x1, y1, x2, y2 = (int(value) for value in results['chip']['window'])
    areas = [(x1, y1, x2, y2)]
    pastes, pool = results.get('pastes'), results.get('pool')
    if pastes and pool is not None:
        ids = [paste.patch_id for paste in pastes]
        areas.extend(
            area
            for area in paste_areas(
                [pool.patch_shape(ind) for ind in ids],
                pool.bboxes[ids],
                pastes,
            )
            if min(area[2], x2) > max(area[0], x1)
            and min(area[3], y2) > max(area[1], y1)
        )
    lefts, tops, rights, bottoms = zip(*areas, strict=True)
    return (
        max(min(lefts), 0),
        max(min(tops), 0),
        min(max(rights), image_wh[0]),
        min(max(bottoms), image_wh[1]),
    )
