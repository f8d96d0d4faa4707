"""Hard chip mining for aerial object detection, on MMDetection."""

from .operator_finder import register_finder

__version__ = '0.1.0'

# Before anything imports mmcv.ops.
register_finder()
