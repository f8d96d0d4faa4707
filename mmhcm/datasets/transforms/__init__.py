"""Transforms of chips, canvases and test images."""

from .crop_chip import CropChip, check_crop_size
from .ignore_cut_objects import IgnoreCutObjects
from .ignore_out_of_range import IgnoreOutOfRange
from .load_chip_image import LoadChipImage
from .load_image import LoadImage
from .mask_ignored_instances import MaskIgnoredInstances
from .mask_ignored_regions import MaskIgnoredRegions
from .pack_chip_inputs import PackChipInputs
from .pack_image import PackImage
from .paste_objects import PasteObjects
from .resize_to_scale import ResizeToScale
from .views_of_image import ViewsOfImage

__all__ = [
    'CropChip',
    'IgnoreCutObjects',
    'IgnoreOutOfRange',
    'LoadChipImage',
    'LoadImage',
    'MaskIgnoredInstances',
    'MaskIgnoredRegions',
    'PackChipInputs',
    'PackImage',
    'PasteObjects',
    'ResizeToScale',
    'ViewsOfImage',
    'check_crop_size',
]
