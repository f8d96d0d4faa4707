"""Checks of a run before its first iteration."""

from .config import check_config
from .samplers import check_sampler
from .start import check_testing, check_training, named_config

__all__ = [
    'check_config',
    'check_sampler',
    'check_testing',
    'check_training',
    'named_config',
]
