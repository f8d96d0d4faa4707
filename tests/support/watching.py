"""Runs of the tiny detector whose samples and weights are noted."""

from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmhcm.datasets import find_chip_dataset
from tests.support.stopping import train_until
from tests.support.tiny_run import state_of


class WatchHook(Hook):
    """Note what a run trains on.

    Attributes:
        hard: Number of hard chips by epoch.
        state: Weights at the begin of each epoch.
        momentum: Number of weights with momentum, at the same time.
        num_hard: Number of hard chips by iteration.
        seen: Name, flip and sum of pixels of each sample by iteration.
    """

    priority = 'VERY_LOW'

    def __init__(self):
        self.hard, self.state, self.momentum = {}, {}, {}
        self.num_hard, self.seen = {}, {}

    def before_train_epoch(self, runner):
        self.state[runner.epoch] = state_of(runner)
        self.momentum[runner.epoch] = len(runner.optim_wrapper.optimizer.state)
        self.hard[runner.epoch] = chips_of(runner).num_hard

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.num_hard[runner.iter] = chips_of(runner).num_hard
        self.seen[runner.iter] = [
            (sample.img_id, sample.flip, float(image.double().sum()))
            for sample, image in zip(
                data_batch['data_samples'], data_batch['inputs'], strict=True
            )
        ]


def chips_of(runner: Runner):
    """Return the data set of chips of a Runner."""
    return find_chip_dataset(runner.train_dataloader.dataset)


def watched_training(runner: Runner, **moment: int) -> WatchHook:
    """Train to the end, or to a moment as of ``StopHook``, and watch."""
    watch = WatchHook()
    runner.register_hook(watch)
    if moment:
        train_until(runner, **moment)
    else:
        runner.train()
    return watch
