"""Moments of mining in a run, and checks that they come."""

from collections.abc import Sequence
from typing import Any

from mmengine.runner import BaseLoop
from torch.utils.data import DataLoader

from mmhcm.datasets import ChipSampler, find_chip_dataset


def check_moments(values: Any, name: str) -> list[int]:
    """Return the epochs or iterations of mining.

    Args:
        values: Those of a config.
        name: 'epochs' or 'iters'.

    Raises:
        ValueError: no list of ascending numbers from 0.
    """
    if not isinstance(values, list | tuple) or not all(
        isinstance(value, int) and not isinstance(value, bool)
        for value in values
    ):
        raise ValueError(
            f'{name} must be a list of whole numbers, such as [12], got '
            f'{values!r}'
        )
    if list(values) != sorted(set(values)) or min(values, default=0) < 0:
        raise ValueError(
            f'{name} must be ascending and 0 or more, got {list(values)}'
        )
    return list(values)


def counts_iterations(loop: BaseLoop) -> bool:
    """Test if a training loop has no epochs."""
    return hasattr(loop, 'dataloader_iterator')


def check_schedule(
    loop: BaseLoop, epochs: Sequence[int], iters: Sequence[int], key: str
) -> None:
    """Make sure that a training loop comes to the moments of mining.

    Args:
        loop: The loop.
        epochs: Epochs before which to mine.
        iters: Iterations before which to mine.
        key: Of the hook in the config.

    Raises:
        ValueError: the loop counts otherwise, or ends too early.
    """
    by_iteration = counts_iterations(loop)
    kind = type(loop).__name__
    if epochs and by_iteration:
        raise ValueError(
            f'{key}.epochs={list(epochs)}: {kind} has no epochs: set '
            f'{key}.epochs=[] and {key}.iters'
        )
    if iters and not by_iteration:
        raise ValueError(
            f'{key}.iters={list(iters)}: {kind} mines between epochs: set '
            f'{key}.iters=[] and {key}.epochs'
        )
    name, moments, limit = (
        ('iters', iters, loop.max_iters)
        if by_iteration
        else ('epochs', epochs, loop.max_epochs)
    )
    if moments and moments[-1] >= limit:
        raise ValueError(
            f'{key}.{name}={list(moments)}: training ends before {moments[-1]}'
            f', as train_cfg.max_{name} is {limit}: set {key}.{name}='
            f'[{limit // 2}], or [] to mine nothing'
        )


def check_missing(
    loop: BaseLoop, missing: Sequence[int], number: int, key: str
) -> None:
    """Make sure that a run can still mine the rounds that are missing.

    Args:
        loop: The training loop, after a resume.
        missing: Epochs or iterations of the rounds.
        number: Of the first one.
        key: Of the hook in the config.

    Raises:
        ValueError: the run is at its end.
    """
    now, end = (
        (loop.iter, loop.max_iters)
        if counts_iterations(loop)
        else (loop.epoch, loop.max_epochs)
    )
    if now >= end:
        raise ValueError(
            f'{key}: the run has been trained to its end, {end}, and round '
            f'{number}, due at {missing[0]}, was not mined: raise the limit '
            'in train_cfg, or resume an earlier checkpoint'
        )


def check_chips(
    dataloader: DataLoader, epochs: Sequence[int], key: str
) -> None:
    """Make sure that training can take hard chips, and will draw them.

    Args:
        dataloader: That of training.
        epochs: Epochs before which to mine.
        key: Of the hook in the config.

    Raises:
        ValueError: the data are not chips, or none would be drawn.
    """
    if find_chip_dataset(dataloader.dataset).scales is None:
        raise ValueError(
            f'{key}: hard chip mining needs a ChipDataset with scales, got '
            'none: set train_dataloader.dataset.scales'
        )
    sampler = getattr(dataloader.batch_sampler, 'sampler', None)
    if not isinstance(sampler, ChipSampler):
        return
    where, end = 'train_dataloader.sampler', sampler.normal_from
    if not sampler.num_hard:
        raise ValueError(
            f'{where}.hard_ratio={sampler.hard_ratio}: no mined chip would be '
            'drawn: set it to 0.5, or mine nothing'
        )
    if end is not None and epochs and end <= epochs[-1]:
        raise ValueError(
            f'{where}.normal_from={end}: chips that are mined before epoch '
            f'{epochs[-1]} would not be drawn: set a later one'
        )
