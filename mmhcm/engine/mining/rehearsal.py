"""Rehearsal of a mining round, long before it is due."""

from collections.abc import Iterator
from contextlib import contextmanager

from mmdet.registry import METRICS, MODELS
from mmengine.runner import Runner

from mmhcm.datasets import CanvasDataset, ChipDataset
from mmhcm.engine.wrappers import unwrap
from mmhcm.evaluation import ChipMetric

from .loop import PREDICTIONS
from .pools import check_pool_settings
from .settings import MiningSettings
from .sources import MiningSources


def rehearse(
    runner: Runner,
    settings: MiningSettings,
    sources: MiningSources,
    chips: ChipDataset,
    key: str,
) -> None:
    """Build all that a round needs but its object pool.

    Args:
        runner: The training runner.
        settings: Those of the round.
        sources: Its data sets; the external ones are read.
        chips: The training data.
        key: Of the hook in the config.

    Raises:
        ValueError: names the key of what cannot be built.
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


@contextmanager
def _named(key: str) -> Iterator[None]:
    """Put a config's key before the message of what cannot be built."""
    try:
        yield
    except (OSError, ValueError, TypeError, KeyError) as error:
        text = error.args[0] if isinstance(error, KeyError) else error
        raise ValueError(f'{key}: {text}') from error
