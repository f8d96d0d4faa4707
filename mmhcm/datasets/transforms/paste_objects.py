"""Painting of a canvas' pasted objects."""

from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS

from mmhcm.datasets.partial_decoding import image_origin
from mmhcm.functional.pasting import apply_pastes


@TRANSFORMS.register_module()
class PasteObjects(BaseTransform):
    """Transform that paints the patches of a paste recipe (paper 3.3).

    The recipe is in the data info, and the instances already include the
    pasted objects. A sample without a recipe is unchanged. Goes after
    ``MaskIgnoredRegions`` and before ``CropChip``.

    Required Keys:

    - img (np.uint8), an image or a part, see ``partial_decoding``
    - pastes (list[Paste], source pixels; optional)
    - pool (ObjectPool; optional)
    - ignored_regions (list of xyxy, source pixels; optional)

    Modified Keys:

    - img

    Args:
        in_place (bool): Paint on the image itself instead of a copy; copying a
            large canvas takes longer than painting. Painting in place is
            correct after a transform that loads the image from its file.
            Defaults to True.
    """

    def __init__(self, in_place: bool = True) -> None:
        self.in_place = in_place

    def transform(self, results: dict) -> dict:
        """Paint; remove the pool, because results may be copied later."""
        pool = results.pop('pool', None)
        pastes = results.get('pastes')
        if not pastes:
            return results
        if pool is None:
            raise RuntimeError(
                f'{results["img_path"]} has pasted objects but no object pool'
            )
        chip = results.get('chip')
        results['img'] = apply_pastes(
            results['img'],
            [pool.patch(paste.patch_id) for paste in pastes],
            [pool.bboxes[paste.patch_id] for paste in pastes],
            pastes,
            window=None if chip is None else chip['window'],
            origin=image_origin(results),
            in_place=self.in_place,
            ignored_regions=results.get('ignored_regions', []),
        )
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(in_place={self.in_place})'
