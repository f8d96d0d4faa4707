"""Hooks: when things happen."""

from .channels_last_hook import ChannelsLastHook
from .compile_hook import CompileHook
from .hard_chip_mining_hook import HardChipMiningHook
from .iteration_seed_hook import IterationSeedHook
from .one_dnn_hook import OneDnnHook
from .pixel_count_hook import PixelCountHook
from .plain_checkpoint_hook import PlainCheckpointHook

__all__ = [
    'ChannelsLastHook',
    'CompileHook',
    'HardChipMiningHook',
    'IterationSeedHook',
    'OneDnnHook',
    'PixelCountHook',
    'PlainCheckpointHook',
]
