"""Runs that end at a chosen moment."""

import pytest
from mmengine.hooks import Hook
from mmengine.runner import Runner


class Stopped(Exception):  # noqa: N818
    """Exception that ends a run at a chosen moment."""


class StopHook(Hook):
    """End a run before an iteration, or before an epoch's mining.

    Args:
        epoch: Epoch before which the run ends.
        iteration: Iteration before which the run ends.
    """

    priority = 'VERY_HIGH'

    def __init__(self, epoch=None, iteration=None):
        self.epoch, self.iteration = epoch, iteration

    def before_train_epoch(self, runner):
        if runner.epoch == self.epoch:
            raise Stopped

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == self.iteration:
            raise Stopped


def train_until(runner: Runner, **moment: int) -> None:
    """Train until an ``iteration`` or ``epoch``, see ``StopHook``."""
    runner.register_hook(StopHook(**moment))
    with pytest.raises(Stopped):
        runner.train()


def assert_refused(runner: Runner, message: str) -> None:
    """Check that a run ends at its start, by one line that names its file."""
    runner.register_hook(StopHook(iteration=0))
    with pytest.raises(ValueError, match=message) as info:
        runner.train()
    assert 'tiny.py: ' in str(info.value)
    assert '\n' not in str(info.value)
