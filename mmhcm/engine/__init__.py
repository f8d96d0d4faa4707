"""Mining loop, hooks and launching of runs."""

from .hooks import HardChipMiningHook, IterationSeedHook, PlainCheckpointHook
from .mining import MiningLoop

__all__ = [
    'HardChipMiningHook',
    'IterationSeedHook',
    'MiningLoop',
    'PlainCheckpointHook',
]
