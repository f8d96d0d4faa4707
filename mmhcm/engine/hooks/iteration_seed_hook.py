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

    Proposal sampling, drop path and similar layers draw from the global
    generators of the training process. Because the generators are reseeded
    before each iteration, a resumed run draws the same values as an
    uninterrupted run. The generators are also reseeded before a validation or
    a mining round, and at the start of an epoch, where loaders seed their
    workers.

    Runs at priority NORMAL, after mining at the start of an epoch.
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
        """Reseed for an iteration."""
        _reseed(runner)

    def before_val_epoch(self, runner: Runner) -> None:
        """Reseed for a validation."""
        _reseed(runner)

    def before_test_epoch(self, runner: Runner) -> None:
        """Reseed for a test, or a mining round."""
        _reseed(runner)


def _reseed(runner: Runner) -> None:
    # In a test, `runner.iter` would build the training loop and its data.
    loop = runner._train_loop
    iteration = loop.iter if isinstance(loop, BaseLoop) else 0
    key = np.random.SeedSequence((runner.seed or 0, iteration, get_rank()))
    words = key.generate_state(3)
    random.seed(int(words[0]))
    np.random.seed(int(words[1]))  # noqa: NPY002
    torch.manual_seed(int(words[2]))
