"""Draws of the main process as a function of the iteration."""

import random

import numpy as np
import torch
from mmdet.registry import HOOKS
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner


@HOOKS.register_module()
class IterationSeedHook(Hook):
    """Reseed the global generators by (seed, iteration, rank).

    Proposal sampling, drop path and the like draw from the main process'
    global generators. Reseeded before each iteration, a resumed run draws
    what an uninterrupted one does. Any priority will do.
    """

    def before_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | tuple | list | None = None,
    ) -> None:
        """Reseed by the run's seed."""
        key = np.random.SeedSequence(
            (runner.seed or 0, runner.iter, get_rank())
        )
        words = key.generate_state(3)
        random.seed(int(words[0]))
        np.random.seed(int(words[1]))  # noqa: NPY002
        torch.manual_seed(int(words[2]))
