"""The mining loop, the hooks, and how runs are launched."""

from .hooks import HardChipMiningHook, IterationSeedHook, PlainCheckpointHook
from .mining import MiningLoop

__all__ = [
    'HardChipMiningHook',
    'IterationSeedHook',
    'MiningLoop',
    'PlainCheckpointHook',
]
