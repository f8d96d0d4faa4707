"""Masking of ignored regions with the mean colour."""

from collections.abc import Sequence

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS

from mmhcm.datasets.partial_decoding import image_origin
from mmhcm.functional.pixels import CAFFE_MEAN, fill_regions


@TRANSFORMS.register_module()
class MaskIgnoredRegions(BaseTransform):
    """Transform that fills ignored regions with one colour (paper 4.1).

    Goes before pasting and cropping, so that no patch is masked.

    Required Keys:

    - img (np.uint8), an image or a part, see ``partial_decoding``
    - ignored_regions (list of xyxy, source pixels; optional)

    Modified Keys:

    - img

    Args:
        color (Sequence[float]): Fill colour in the channel order of the image,
            usually the mean of the normalisation. Defaults to the Caffe mean
            (103.53, 116.28, 123.675), BGR.
    """

    def __init__(self, color: Sequence[float] = CAFFE_MEAN) -> None:
        self.color = tuple(color)

    def transform(self, results: dict) -> dict:
        """Fill the regions."""
        regions = results.get('ignored_regions', [])
        if len(regions):
            regions = np.asarray(regions, dtype=np.float32)
            results['img'] = fill_regions(
                results['img'],
                regions,
                self.color,
                image_origin(results),
            )
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(color={self.color})'
