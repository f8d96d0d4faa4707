"""Hard chip mining for aerial object detection, on MMDetection."""

from .config_files import config, extend_when_loaded
from .operator_finder import register_finder

__all__ = ['config']
__version__ = '0.1.0'

# Configs may then have `_base_ = 'mmhcm::...'`.
extend_when_loaded()
# Before anything imports mmcv.ops.
register_finder()
