"""Data sets, the sampler of chips, and transforms."""

from .canvas_dataset import MAX_USES, CanvasDataset
from .chip_dataset import ChipDataset, find_chip_dataset
from .chip_finding import find_chips
from .chip_sampler import ChipSampler
from .data_info import ImageBoxes, canvas_data_info, dataset_boxes
from .sample_reading import IMAGE_ERRORS, describe_fault
from .scale_config import build_scales, scale_factor, scale_settings
from .seeding import SampleKey, seeded_globals
from .shared_work import on_main_process, write_cache
from .sources import (
    CheckedCocoDataset,
    CheckedVOCDataset,
    DOTADataset,
    VisDroneDataset,
    YOLODataset,
)
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

__all__ = [
    'IMAGE_ERRORS',
    'MAX_USES',
    'CanvasDataset',
    'CheckedCocoDataset',
    'CheckedVOCDataset',
    'ChipDataset',
    'ChipSampler',
    'CropChip',
    'DOTADataset',
    'ImageBoxes',
    'LoadChipImage',
    'LoadImage',
    'MaskIgnoredInstances',
    'MaskIgnoredRegions',
    'PackChipInputs',
    'PasteObjects',
    'ResizeToScale',
    'SampleKey',
    'ViewsOfImage',
    'VisDroneDataset',
    'YOLODataset',
    'build_scales',
    'canvas_data_info',
    'dataset_boxes',
    'describe_fault',
    'find_chip_dataset',
    'find_chips',
    'on_main_process',
    'scale_factor',
    'scale_settings',
    'seeded_globals',
    'write_cache',
]
