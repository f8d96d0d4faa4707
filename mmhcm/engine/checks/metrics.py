"""Checks of metrics with the samples and keys of a config."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from mmdet.evaluation import CocoMetric
from mmdet.structures import DetDataSample
from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.hooks import CheckpointHook, EarlyStoppingHook
from mmengine.runner import Runner
from mmengine.structures import InstanceData

from mmhcm.evaluation import VisDroneMetric


def check_evaluator(
    evaluator: Evaluator, sample: DetDataSample, key: str
) -> None:
    """Run the metrics of an evaluator on a sample without detections.

    Args:
        evaluator: The evaluator; the results of its metrics are empty before
            and after.
        sample: A sample of the data set.
        key: Config key of the evaluator.

    Raises:
        ValueError: a metric cannot score this sample.
    """
    sample = sample.new()
    sample.pred_instances = InstanceData(
        bboxes=torch.zeros(0, 4),
        scores=torch.zeros(0),
        labels=torch.zeros(0, dtype=torch.long),
    )
    for metric in evaluator.metrics:
        if not isinstance(metric, VisDroneMetric | CocoMetric):
            continue
        name = f'{key}: {type(metric).__name__}'
        try:
            metric.process({}, [sample.to_dict()])
        except KeyError as error:
            raise ValueError(
                f'{name} needs {error}: add it to meta_keys of the transform '
                'that packs'
            ) from error
        except AssertionError as error:
            raise ValueError(
                f"{name}: {error}: add 'instances' to meta_keys of the "
                'transform that packs, or set ann_file'
            ) from error
        except ValueError as error:
            raise ValueError(f'{name}: {error}') from error
        finally:
            metric.results.clear()
        if isinstance(metric, CocoMetric):
            _check_annotations(metric, sample, name)


def _check_annotations(
    metric: CocoMetric, sample: DetDataSample, name: str
) -> None:
    """Compare a metric's annotation file with the data set.

    Raises:
        ValueError: the file has other classes or images.
    """
    index = metric._coco_api
    if index is None:
        return
    known = {category['name'] for category in index.dataset['categories']}
    classes = (metric.dataset_meta or {}).get('classes', ())
    missing = [item for item in classes if item not in known]
    if missing:
        raise ValueError(
            f'{name}: ann_file has no category {missing[0]!r}, a class of '
            'the data set'
        )
    if sample.img_id not in index.imgs:
        raise ValueError(
            f'{name}: ann_file has no image of id {sample.img_id!r}: take the '
            'ann_file of the data set'
        )


def check_monitored(runner: Runner) -> None:
    """Make sure that the metrics monitored by hooks and schedulers exist.

    Raises:
        ValueError: the validation has no metric of a monitored name.
    """
    wanted = list(_monitored(runner))
    if not wanted:
        return
    if runner.val_loop is None:
        key, name = wanted[0]
        runner.logger.warning(
            f'{key}={name!r} has no effect: there is no validation'
        )
        return
    metrics = runner.val_loop.evaluator.metrics
    for key, name in wanted:
        if name != 'auto' and not any(_has(m, name) for m in metrics):
            offers = ', '.join(map(_offer, metrics))
            raise ValueError(
                f'{key}: val_evaluator has no metric {name!r}; it has {offers}'
            )


def _monitored(runner: Runner) -> Iterator[tuple[str, str]]:
    """Yield config keys of hooks and schedulers with their metrics' names."""
    for hook in runner.hooks:
        if isinstance(hook, CheckpointHook):
            for name in hook.save_best or ():
                yield 'default_hooks.checkpoint.save_best', name
        elif isinstance(hook, EarlyStoppingHook):
            yield 'EarlyStoppingHook.monitor', hook.monitor
    schedulers: Any = runner.param_schedulers
    if isinstance(schedulers, Mapping):
        schedulers = [item for part in schedulers.values() for item in part]
    for scheduler in schedulers or ():
        if hasattr(scheduler, 'monitor'):
            yield f'{type(scheduler).__name__}.monitor', scheduler.monitor


def _has(metric: BaseMetric, name: str) -> bool:
    """Test if a metric may report a value of this name."""
    prefix = metric.prefix or ''
    if prefix and not name.startswith(f'{prefix}/'):
        return False
    short = name.removeprefix(f'{prefix}/')
    if isinstance(metric, VisDroneMetric):
        return short.removeprefix('class_mean_') in metric.names
    if isinstance(metric, CocoMetric):
        return metric.classwise or short.startswith(
            (*(f'{kind}_' for kind in metric.metrics), 'AR@')
        )
    return True


def _offer(metric: BaseMetric) -> str:
    """Return the name of a metric's best-known value."""
    prefix = f'{metric.prefix}/' if metric.prefix else ''
    if isinstance(metric, VisDroneMetric):
        return f'{prefix}AP'
    if isinstance(metric, CocoMetric):
        return f'{prefix}{metric.metrics[0]}_mAP'
    return f'{prefix}...'
