"""Loading of the part of an image that a chip shows."""

import mmcv
import numpy as np
from mmdet.registry import TRANSFORMS

from mmhcm.datasets.partial_decoding import (
    Area,
    has_offsets,
    put_part,
    take_part,
)
from mmhcm.functional.pasting import paste_areas

from .load_image import LoadImage


@TRANSFORMS.register_module()
class LoadChipImage(LoadImage):
    """Transform that loads an image, or only the part of the chip.

    With ``partial_decoding``, ``ChipDataset`` attaches restart offsets, which
    allow decoding a window of a JPEG file to the same pixels as the whole
    image. An image without offsets (PNG, progressive JPEG, changed file) is
    decoded as a whole. ``MaskIgnoredRegions``, ``PasteObjects`` and
    ``CropChip`` accept a part; all other transforms before ``CropChip`` must
    accept a part too.

    Required Keys:

    - img_path (str)
    - chip, width, height (optional), and keys of ``partial_decoding``

    Added Keys:

    - img (np.uint8)
    - img_shape, ori_shape (tuple[int, int]), of the whole image
    - the origin of a part, see ``partial_decoding.image_origin``

    Args:
        args: Positional arguments of ``LoadImage``. Images are decoded as a
            whole unless ``color_type`` has its default.
        kwargs: Keyword arguments of ``LoadImage``.
    """

    def transform(self, results: dict) -> dict | None:
        """Load the part, or the whole image."""
        area = None
        if (
            has_offsets(results)
            and 'chip' in results
            and self.color_type == 'color_ignore_orientation'
            and self.imdecode_backend == 'cv2'
            and self.backend_args is None
        ):
            area = _needed_area(results)
        part = take_part(results, area)
        around = part and mmcv.imfrombytes(part.content, flag=self.color_type)
        if part is None or area is None or around is None:
            return super().transform(results)
        (x1, y1, x2, y2), (left, top) = area, part.origin
        # Outside the area, pixels may differ from the whole image.
        img = around[y1 - top : y2 - top, x1 - left : x2 - left]
        put_part(
            results,
            img.astype(np.float32) if self.to_float32 else img,
            (x1, y1),
        )
        return results


def _needed_area(results: dict) -> Area:
    """Find the area of the window and of the pastes that overlap it."""
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
        min(max(rights), results['width']),
        min(max(bottoms), results['height']),
    )
