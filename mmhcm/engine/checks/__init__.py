"""Checks of a run before its first iteration."""

from .config import check_config
from .mining import (
    check_chips,
    check_missing,
    check_moments,
    check_schedule,
    counts_iterations,
    rehearse,
)
from .samplers import check_sampler
from .scales import warn_of_other_scales
from .schedules import describe_schedule
from .start import (
    check_testing,
    check_training,
    check_weights,
    named_config,
)

__all__ = [
    'check_chips',
    'check_config',
    'check_missing',
    'check_moments',
    'check_sampler',
    'check_schedule',
    'check_testing',
    'check_training',
    'check_weights',
    'counts_iterations',
    'describe_schedule',
    'named_config',
    'rehearse',
    'warn_of_other_scales',
]
