"""Hard chip mining for aerial object detection, on MMDetection."""

from .config_files import config, extend_when_loaded

__all__ = ['config']
__version__ = '0.1.0'

# Configs may then have `_base_ = 'mmhcm::...'`.
extend_when_loaded()
