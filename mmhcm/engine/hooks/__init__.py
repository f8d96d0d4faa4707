"""Hooks of training and test."""

from .atomic_checkpoint_hook import AtomicCheckpointHook
from .channels_last_hook import ChannelsLastHook
from .compile_hook import CompileHook
from .hard_chip_mining_hook import HardChipMiningHook
from .iteration_seed_hook import IterationSeedHook
from .one_dnn_hook import OneDnnHook
from .pixel_count_hook import PixelCountHook
from .plain_checkpoint_hook import PlainCheckpointHook
from .start_check_hook import StartCheckHook
from .stop_at_non_finite_hook import StopAtNonFiniteHook
from .weight_fit_hook import WeightFitHook

__all__ = [
    'AtomicCheckpointHook',
    'ChannelsLastHook',
    'CompileHook',
    'HardChipMiningHook',
    'IterationSeedHook',
    'OneDnnHook',
    'PixelCountHook',
    'PlainCheckpointHook',
    'StartCheckHook',
    'StopAtNonFiniteHook',
    'WeightFitHook',
]
