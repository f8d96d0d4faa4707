"""Hooks: when things happen."""

from .hard_chip_mining_hook import HardChipMiningHook
from .iteration_seed_hook import IterationSeedHook
from .plain_checkpoint_hook import PlainCheckpointHook

__all__ = ['HardChipMiningHook', 'IterationSeedHook', 'PlainCheckpointHook']
