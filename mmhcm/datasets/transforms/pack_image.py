"""Packing of a decoded image for the model, without a copy."""

from collections.abc import Sequence

import torch
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS
from mmdet.structures import DetDataSample


@TRANSFORMS.register_module()
class PackImage(BaseTransform):
    """Transform that packs an image without copying its pixels.

    ``PackDetInputs`` copies the pixels to channels first, which is useless for
    a large image that is tested in slices.

    Required Keys:

    - img (np.uint8), (h, w, 3)

    Result Keys:

    - inputs (torch.uint8), (3, h, w), a view of ``img``
    - data_samples (DetDataSample)

    Args:
        meta_keys (Sequence[str]): Keys to store in the data sample, if
            present. Defaults to the image's id, path and shapes.
    """

    def __init__(
        self,
        meta_keys: Sequence[str] = (
            'img_id',
            'img_path',
            'ori_shape',
            'img_shape',
        ),
    ) -> None:
        self.meta_keys = tuple(meta_keys)

    def transform(self, results: dict) -> dict:
        """Pack."""
        meta = {key: results[key] for key in self.meta_keys if key in results}
        return {
            'inputs': torch.from_numpy(results['img']).permute(2, 0, 1),
            'data_samples': DetDataSample(metainfo=meta),
        }

    def __repr__(self) -> str:
        return f'{type(self).__name__}(meta_keys={self.meta_keys})'
