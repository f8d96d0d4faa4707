"""Hook that makes random draws a function of the iteration."""

import random

import numpy as np
import torch
from mmdet.registry import HOOKS
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import BaseLoop, Runner


@HOOKS.register_module()
class IterationSeedHook(Hook):
    """Hook that reseeds the global generators by (seed, iteration, rank).

    Proposal sampling, drop path and the like draw from the main process'
    global generators. Reseeded before each iteration, a resumed run draws
    what an uninterrupted one does. So it does in a validation or a mining
    round, and between the start of an epoch and its first iteration, where
    loaders seed their workers.

    Runs at priority NORMAL, behind mining at the start of an epoch.
    """

    priority = 'NORMAL'

    def before_train_epoch(self, runner: Runner) -> None:
        """Reseed for the draws before the first iteration."""
        _reseed(runner)

    def before_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | tuple | list | None = None,
    ) -> None:
        """Reseed by the run's seed."""
        _reseed(runner)

    def before_val_epoch(self, runner: Runner) -> None:
        """Reseed for a validation."""
        _reseed(runner)

    def before_test_epoch(self, runner: Runner) -> None:
        """Reseed for a test, or a mining round."""
        _reseed(runner)


def _reseed(runner: Runner) -> None:
    # `runner.iter` would build the training loop, and its data, for a test.
    loop = runner._train_loop
    iteration = loop.iter if isinstance(loop, BaseLoop) else 0
    key = np.random.SeedSequence((runner.seed or 0, iteration, get_rank()))
    words = key.generate_state(3)
    random.seed(int(words[0]))
    np.random.seed(int(words[1]))  # noqa: NPY002
    torch.manual_seed(int(words[2]))
