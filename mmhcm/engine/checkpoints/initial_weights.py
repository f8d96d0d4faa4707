"""Initial weights, for runs that restart training after mining."""

from pathlib import Path

import torch
from mmengine.hooks import EMAHook
from mmengine.runner import Runner

from mmhcm.engine.wrappers import unwrap
from mmhcm.structures.files import atomic_write

from .safe_loading import load_plain


def keep_initial_weights(runner: Runner) -> None:
    """Write the current weights as the initial weights."""
    state = unwrap(runner.model).state_dict()
    with atomic_write(_path(runner)) as file:
        torch.save({'state_dict': state}, file)


def check_initial_weights(runner: Runner, key: str) -> None:
    """Make sure that the file of the initial weights exists.

    Args:
        runner: The runner.
        key: Config key of the setting that needs the weights.

    Raises:
        ValueError: the weights are missing.
    """
    if not _path(runner).is_file():
        raise ValueError(
            f'{key}: {runner.work_dir} has no initial weights to restart '
            'from: begin anew, or set it to False'
        )


def restore_initial_weights(runner: Runner) -> None:
    """Restore the initial weights; reset optimizer state and averages."""
    model = unwrap(runner.model)
    model.load_state_dict(load_plain(_path(runner))['state_dict'])
    runner.optim_wrapper.optimizer.state.clear()
    for hook in runner.hooks:
        if isinstance(hook, EMAHook):
            averaged = hook.ema_model
            averaged.module.load_state_dict(model.state_dict())
            averaged.steps.zero_()


def _path(runner: Runner) -> Path:
    return Path(runner.work_dir, 'hcm', 'initial_weights.pth')
