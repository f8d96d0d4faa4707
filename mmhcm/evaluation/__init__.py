"""Metrics, registered in MMDetection's registry."""

from .background_chip_metric import BackgroundChipMetric
from .chip_metric import ChipMetric
from .hard_chip_metric import HardChipMetric
from .negative_chip_metric import NegativeChipMetric
from .object_chip_metric import ObjectChipMetric
from .visdrone_metric import VisDroneMetric
from .whole_file_dump import WholeFileDump

__all__ = [
    'BackgroundChipMetric',
    'ChipMetric',
    'HardChipMetric',
    'NegativeChipMetric',
    'ObjectChipMetric',
    'VisDroneMetric',
    'WholeFileDump',
]
