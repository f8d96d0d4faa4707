"""Several views of one image, such as test scales."""

from collections.abc import Mapping, Sequence
from typing import Any

from mmcv.transforms import TestTimeAug
from mmdet.registry import TRANSFORMS


@TRANSFORMS.register_module()
class ViewsOfImage(TestTimeAug):
    """``TestTimeAug`` without copies of image and annotations for each view.

    Copying takes longer than pasting. Without copies, the transforms must
    replace values and never modify a value in place, as ``ResizeToScale``,
    ``RandomFlip`` and the packing transforms do.

    Required Keys:

    - keys of the transforms

    Args:
        transforms (list[list[dict]]): As in ``TestTimeAug``: each view has one
            transform of each list, in all combinations.
        scales (list[dict], optional): Chip scales. Each scale adds a
            ``ResizeToScale`` to a list in front of ``transforms``. Defaults to
            None.
        chip_size (int, optional): Side of the chips, used with ``scales``.
        use_valid_ranges (bool): False keeps detections of all sizes at all
            scales. Defaults to True.
    """

    def __init__(
        self,
        transforms: list,
        scales: Sequence[Mapping[str, Any]] | None = None,
        chip_size: int | None = None,
        use_valid_ranges: bool = True,
    ) -> None:
        resizes = [
            {
                'type': 'ResizeToScale',
                'chip_size': chip_size,
                'window': scale['window'],
                'valid_range': (
                    scale['valid_range'] if use_valid_ranges else None
                ),
            }
            for scale in scales or ()
        ]
        super().__init__([resizes, *transforms] if resizes else transforms)

    def transform(self, results: dict) -> dict:
        """Run all combinations; every value becomes a list."""
        views = [view(dict(results)) for view in self.subroutines]
        for view in views:
            if not isinstance(view, dict):
                raise TypeError(f'a view must be a dict, got {type(view)}')
        return {key: [view[key] for view in views] for key in views[0]}
