"""Hooks: when things happen."""

from .channels_last_hook import ChannelsLastHook
from .hard_chip_mining_hook import HardChipMiningHook
from .iteration_seed_hook import IterationSeedHook
from .pixel_count_hook import PixelCountHook
from .plain_checkpoint_hook import PlainCheckpointHook

__all__ = [
    'ChannelsLastHook',
    'HardChipMiningHook',
    'IterationSeedHook',
    'PixelCountHook',
    'PlainCheckpointHook',
]
