"""Data sets, the sampler of chips, and transforms."""

from .canvas_dataset import CanvasDataset
from .checked_coco import CheckedCocoDataset
from .chip_dataset import ChipDataset
from .chip_sampler import ChipSampler
from .dota import DOTADataset
from .transforms import (
    CropChip,
    LoadChipImage,
    LoadImage,
    MaskIgnoredInstances,
    MaskIgnoredRegions,
    PackChipInputs,
    PasteObjects,
    ResizeToScale,
    ViewsOfImage,
)
from .visdrone import VisDroneDataset

__all__ = [
    'CanvasDataset',
    'CheckedCocoDataset',
    'ChipDataset',
    'ChipSampler',
    'CropChip',
    'DOTADataset',
    'LoadChipImage',
    'LoadImage',
    'MaskIgnoredInstances',
    'MaskIgnoredRegions',
    'PackChipInputs',
    'PasteObjects',
    'ResizeToScale',
    'ViewsOfImage',
    'VisDroneDataset',
]
