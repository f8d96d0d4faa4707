"""Metrics, registered under MMDetection's registry."""

from .hard_chip_metric import HardChipMetric
from .negative_chip_metric import NegativeChipMetric
from .visdrone_metric import VisDroneMetric

__all__ = ['HardChipMetric', 'NegativeChipMetric', 'VisDroneMetric']
