"""Data sets, the sampler of chips, and transforms."""

from .canvas_dataset import CanvasDataset
from .chip_dataset import ChipDataset
from .chip_sampler import ChipSampler
from .dota import DOTADataset
from .transforms import (
    CropChip,
    MaskIgnoredInstances,
    MaskIgnoredRegions,
    PasteObjects,
    ResizeToScale,
)
from .visdrone import VisDroneDataset

__all__ = [
    'CanvasDataset',
    'ChipDataset',
    'ChipSampler',
    'CropChip',
    'DOTADataset',
    'MaskIgnoredInstances',
    'MaskIgnoredRegions',
    'PasteObjects',
    'ResizeToScale',
    'VisDroneDataset',
]
