"""Transforms of chips, canvases and test images."""

from .crop_chip import CropChip
from .mask_ignored_instances import MaskIgnoredInstances
from .mask_ignored_regions import MaskIgnoredRegions
from .pack_image import PackImage
from .paste_objects import PasteObjects
from .resize_to_scale import ResizeToScale

__all__ = [
    'CropChip',
    'MaskIgnoredInstances',
    'MaskIgnoredRegions',
    'PackImage',
    'PasteObjects',
    'ResizeToScale',
]
