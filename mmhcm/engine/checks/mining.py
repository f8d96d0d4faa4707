"""Checks that a run reaches its mining, and that a round can be mined."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from mmdet.registry import METRICS, MODELS
from mmengine.dataset import BaseDataset
from mmengine.runner import BaseLoop, Runner
from torch.utils.data import DataLoader

from mmhcm.datasets import (
    CanvasDataset,
    ChipDataset,
    ChipSampler,
    find_chip_dataset,
)
from mmhcm.engine.mining import PREDICTIONS, MiningSettings, MiningSources
from mmhcm.engine.wrappers import unwrap
from mmhcm.evaluation import ChipMetric
from mmhcm.structures.pool import PoolOptions, filter_objects, list_objects
from mmhcm.structures.type_names import type_name

_IMAGES_AT_ONCE = 64


def check_mining_hooks(cfg: Mapping[str, Any]) -> None:
    """Make sure that a config which inherits the mining hooks uses them.

    Raises:
        ValueError: no hook of ``default_hooks`` or ``custom_hooks`` mines.
    """
    hooks = {type_name(hook) for hook in cfg.get('custom_hooks') or ()}
    hooks |= {*(cfg.get('default_hooks') or ())}
    if 'mining' in cfg.get('mining_hooks', {}) and not hooks & {
        'mining',
        'HardChipMiningHook',
    }:
        raise ValueError(
            'mining_hooks: inherited from hard_chip_mining.py, and nothing '
            'would be mined: add default_hooks = _base_.mining_hooks, or '
            'remove that file from _base_'
        )


def check_moments(values: Any, name: str) -> list[int]:
    """Check the epochs or iterations of mining, and return them as a list.

    Args:
        values: Epochs or iterations of a config.
        name: 'epochs' or 'iters'.

    Raises:
        ValueError: the values are no list of ascending whole numbers from 0.
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
    """Make sure that a training loop reaches the moments of mining.

    Args:
        loop: The loop.
        epochs: Epochs before which to mine.
        iters: Iterations before which to mine.
        key: Config key of the hook.

    Raises:
        ValueError: the loop counts iterations instead of epochs or vice
            versa, or ends too early.
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
        number: Number of the first missing round.
        key: Config key of the hook.

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
    """Make sure that training can use and will draw hard chips.

    Args:
        dataloader: Training dataloader.
        epochs: Epochs before which to mine.
        key: Config key of the hook.

    Raises:
        ValueError: the data are not chips, or no hard chips would be drawn.
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


def rehearse(
    runner: Runner,
    settings: MiningSettings,
    sources: MiningSources,
    chips: ChipDataset,
    key: str,
) -> None:
    """Build all parts of a round except the object pool.

    Args:
        runner: The training runner.
        settings: Settings of the round.
        sources: Data sets of the round; external data sets are read.
        chips: The training data.
        key: Config key of the hook.

    Raises:
        ValueError: a part cannot be built; the message names the part's key.
    """
    with _named(f'{key}.external'):
        datasets = sources.datasets
    with _named(f'{key}.test_scales'):
        pipeline = settings.pipeline(chips)
    with _named(f'{key}.canvases'):
        canvases = CanvasDataset(
            datasets, **{'pipeline': pipeline, **settings.canvases}
        )
    if settings.has_pastes and settings.pool is not None:
        with _named(f'{key}.pool'):
            check_pool_settings(settings.pool, chips.dataset)
    with _named(f'{key}.metric'):
        _check_metric(settings, chips)
    with _named(f'{key}.tta_model'):
        _check_predictor(settings, runner)
    with _named(f'{key}.dataloader'):
        runner.build_dataloader(settings.loader(canvases))


def _check_metric(settings: MiningSettings, chips: ChipDataset) -> None:
    metric = METRICS.build({**settings.metric, 'scales': chips.scales})
    if not isinstance(metric, ChipMetric):
        raise ValueError(
            'mining needs a chip metric, such as HardChipMetric, got '
            f'{type(metric).__name__}'
        )


def _check_predictor(settings: MiningSettings, runner: Runner) -> None:
    if settings.predict not in PREDICTIONS:
        raise ValueError(
            f'predict must be one of {PREDICTIONS}, got {settings.predict!r}'
        )
    if settings.predict != 'nothing':
        MODELS.build({**settings.tta_model, 'module': unwrap(runner.model)})


def check_pool_settings(
    settings: Mapping[str, Any], dataset: BaseDataset
) -> None:
    """Check that the object pool will contain objects, before it is built.

    Args:
        settings: Settings of the pool, see ``open_or_build_pool``.
        dataset: The data set of whole images.

    Raises:
        ValueError: the pool would be empty, or a setting is unknown or out of
            range.
    """
    own = {'cache_dir', 'num_workers'}
    filters = {key: settings[key] for key in settings if key not in own}
    try:
        options = PoolOptions(**filters)
    except TypeError as error:
        raise ValueError(f'pool: {error}') from error
    for start in range(0, len(dataset), _IMAGES_AT_ONCE):
        stop = min(start + _IMAGES_AT_ONCE, len(dataset))
        images = [dataset.get_data_info(ind) for ind in range(start, stop)]
        objects = filter_objects(list_objects(images), images, options)
        if len(objects.labels):
            return
    raise ValueError(
        f'the object pool would be empty: no object of {len(dataset)} images '
        f'passes its filters {filters}'
    )


@contextmanager
def _named(key: str) -> Iterator[None]:
    """Add a config's key to the message of an error."""
    try:
        yield
    except (OSError, ValueError, TypeError, KeyError) as error:
        text = error.args[0] if isinstance(error, KeyError) else error
        raise ValueError(f'{key}: {text}') from error
