"""Resizing of a whole image to one of the test scales."""

from typing import Any

from mmdet.datasets.transforms import Resize
from mmdet.registry import TRANSFORMS

from mmhcm.datasets.scale_config import range_of


@TRANSFORMS.register_module()
class ResizeToScale(Resize):
    """Transform that resizes a whole image as a chip scale does.

    The factor is a plain number, or ``chip_size / window``, with which objects
    have the same size as in the scale's chips. The valid range of the scale is
    added to the results.

    Required Keys:

    - img (np.uint8)

    Modified Keys:

    - img, img_shape, and boxes if any

    Added Keys:

    - scale_factor (tuple[float, float])
    - valid_range (tuple[float, float]), sqrt(area) in source pixels

    Args:
        scale_factor (float, optional): Network-input pixels per source pixel.
        chip_size (int, optional): Side of the chips, network-input pixels;
            given instead of ``scale_factor``.
        window (int, optional): Side of the scale's window, source pixels.
            None with ``chip_size`` fits the long side to the chip size.
        valid_range (tuple[float, float], optional): Sizes of the detections
            that ``MultiScaleTTA`` keeps at this scale; an upper end of None
            means no limit. Defaults to None, all sizes.
        max_side (int, optional): Largest long side after resizing,
            network-input pixels, to bound memory. Defaults to None.
    """

    def __init__(
        self,
        scale_factor: float | None = None,
        chip_size: int | None = None,
        window: int | None = None,
        valid_range: tuple[float, float | None] | None = None,
        max_side: int | None = None,
        **kwargs: Any,
    ) -> None:
        if (scale_factor is None) == (chip_size is None):
            raise ValueError(
                'give either scale_factor or chip_size, got '
                f'{scale_factor} and {chip_size}'
            )
        for name, value in (
            ('scale_factor', scale_factor),
            ('chip_size', chip_size),
            ('window', window),
            ('max_side', max_side),
        ):
            if value is not None and value <= 0:
                raise ValueError(f'{name} must be positive, got {value}')
        super().__init__(scale_factor=1.0, keep_ratio=True, **kwargs)
        self.factor = scale_factor
        self.chip_size = chip_size
        self.window = window
        self.valid_range = None if valid_range is None else tuple(valid_range)
        self.max_side = max_side

    def transform(self, results: dict) -> dict:
        """Resize image and boxes."""
        long_side = max(results['img'].shape[:2])
        factor = self.factor
        if factor is None:
            assert self.chip_size is not None, 'checked in the constructor'
            factor = self.chip_size / (self.window or long_side)
        if self.max_side is not None:
            factor = min(factor, self.max_side / long_side)
        self.scale_factor = (factor, factor)
        results = super().transform(results)
        if self.valid_range is not None:
            results['valid_range'] = range_of(self.valid_range)
        return results

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(scale_factor={self.factor}, '
            f'chip_size={self.chip_size}, window={self.window}, '
            f'valid_range={self.valid_range}, max_side={self.max_side})'
        )
