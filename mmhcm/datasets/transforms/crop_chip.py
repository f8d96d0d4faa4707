"""Cutting of a chip and its objects out of a whole image."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS
from mmdet.structures.bbox import HorizontalBoxes

from mmhcm.datasets.partial_decoding import image_origin, whole_shape
from mmhcm.functional.chips import project_to_chip
from mmhcm.functional.pixels import CAFFE_MEAN, crop_resize_pad
from mmhcm.structures.instances import instance_arrays, instance_labels


@TRANSFORMS.register_module()
class CropChip(BaseTransform):
    """Transform that cuts a chip, resizes it to the chip size and pads it.

    1. Take the objects that overlap the window. Objects that are out of the
       scale's range, cut too much or ignored in the image become ignored.
    2. Clip the objects to the window, in chip pixels.
    3. Cut, resize and pad the image.

    Required Keys:

    - img (np.uint8), the whole image or a part, see ``partial_decoding``
    - chip (dict), from ``ChipDataset``
    - instances (list[dict]), boxes in source pixels

    Added Keys:

    - gt_bboxes (HorizontalBoxes[float32], (n, 4)), chip pixels
    - gt_bboxes_labels (np.int64, (n,))
    - gt_ignore_flags (bool, (n,))
    - ignored_but_counted (bool, (k,)), for the k objects with an ignore flag:
      True if the object counts in the image and only this chip ignores the
      object, because of its size or the chip's border
    - scale_factor (tuple[float, float]), chip pixels per source pixel
    - chip_window (list[float]), xyxy, source pixels

    Modified Keys:

    - img, img_shape

    Args:
        chip_size (int): Side of the chip, network-input pixels.
        min_visible (float): Smallest share of an object's area in the window;
            otherwise the object is ignored. Defaults to 0.5.
        pad_color (Sequence[float]): Colour of the padding. Defaults to the
            Caffe mean (103.53, 116.28, 123.675), BGR.

    Raises:
        ValueError: the size of the image differs from the recorded size.
    """

    def __init__(
        self,
        chip_size: int,
        min_visible: float = 0.5,
        pad_color: Sequence[float] = CAFFE_MEAN,
    ) -> None:
        if not 0 < min_visible <= 1:
            raise ValueError(f'min_visible must be in 0..1, got {min_visible}')
        self.chip_size = chip_size
        self.min_visible = min_visible
        self.pad_color = tuple(pad_color)

    def transform(self, results: dict) -> dict:
        """Cut the chip."""
        left, top = image_origin(results)
        height, width = whole_shape(results)
        if (height, width) != (results['height'], results['width']):
            raise ValueError(
                f'{results["img_path"]} is {width} x {height} pixels, its '
                f'data set has {results["width"]} x {results["height"]}'
            )
        chip, instances = results['chip'], results['instances']
        bboxes, uncounted = instance_arrays(instances)
        labels = instance_labels(instances)
        window, resize = chip['window'], chip['resize']
        chip_bboxes, inds, keep = project_to_chip(
            bboxes, window, chip['valid'], resize, self.min_visible
        )
        results['gt_bboxes'] = HorizontalBoxes(chip_bboxes)
        results['gt_bboxes_labels'] = labels[inds]
        results['gt_ignore_flags'] = ~keep
        results['ignored_but_counted'] = ~uncounted[inds][~keep]
        results['img'] = crop_resize_pad(
            results['img'],
            window - np.array([left, top, left, top]),
            resize,
            self.chip_size,
            self.pad_color,
        )
        results['img_shape'] = results['img'].shape[:2]
        results['scale_factor'] = (resize, resize)
        results['chip_window'] = np.asarray(window).tolist()
        return results

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(chip_size={self.chip_size}, '
            f'min_visible={self.min_visible}, pad_color={self.pad_color})'
        )


def check_crop_size(transform: Any, chip_size: int) -> None:
    """Make sure that a pipeline cuts chips of a data set's size.

    Args:
        transform: A pipeline or a transform, with or without nested
            transforms.
        chip_size: Side of the data set's chips, network-input pixels.

    Raises:
        ValueError: a ``CropChip`` has another size.
    """
    if isinstance(transform, CropChip) and transform.chip_size != chip_size:
        raise ValueError(
            f"the data set's chip_size is {chip_size}, that of CropChip in "
            f'its pipeline {transform.chip_size}'
        )
    within = getattr(transform, 'transforms', ())
    # MMCV's wrappers have a pipeline, or a list of pipelines.
    for inner in within if isinstance(within, list | tuple) else [within]:
        check_crop_size(inner, chip_size)
