"""Checks of a Runner before its first iteration."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from mmdet.registry import DATASETS
from mmdet.structures import DetDataSample
from mmengine.dataset import BaseDataset
from mmengine.evaluator import Evaluator
from mmengine.runner import Runner

from mmhcm.datasets import ChipDataset
from mmhcm.structures.files import one_line

from .classes import check_heads, check_same, classes_of
from .config import check_wrappers
from .images import check_brightness
from .metrics import check_evaluator, check_monitored
from .modules import check_enhanced_stages, needed_meta_keys
from .pipelines import PipelineCheck
from .samplers import check_sampler

#: Number of images whose annotations are searched for ignored regions.
_NUM_LOOKED_AT = 50
_TRAIN = 'train_dataloader.dataset'


def check_training(
    runner: Runner, has_pastes: bool = False, has_regions: bool = False
) -> None:
    """Check data, pipelines, classes, metrics and the test of a training run.

    Args:
        runner: A runner with built loops of training and validation.
        has_pastes: True if hard chips with pasted objects will follow.
        has_regions: True if images of other data sets will follow, whose
            ambiguous objects are ignored regions.

    Raises:
        ValueError: a check fails; the message names the file of the config,
            the key and the remedy.
    """
    with named_config(runner):
        check_wrappers(runner.cfg)
        dataset = runner.train_dataloader.dataset
        classes = classes_of(dataset, _TRAIN)
        if classes is not None:
            check_heads(runner.model, classes, _TRAIN)
        check_train_data(runner, has_pastes, has_regions)
        check_monitored(runner)
        if runner.val_loop is not None:
            _check_evaluation(
                runner.val_loop.dataloader.dataset,
                runner.val_loop.evaluator,
                'val',
                classes,
            )
        _check_later_test(runner, classes)


def check_weights(runner: Runner) -> None:
    """Check the weights that training starts from.

    Raises:
        ValueError: a check fails; the message names the file of the config,
            the key and the remedy.
    """
    with named_config(runner):
        check_enhanced_stages(runner.model)


def check_testing(runner: Runner) -> None:
    """Check data, classes and metrics of a test.

    Args:
        runner: A runner with a built test loop.

    Raises:
        ValueError: a check fails; the message names the file of the config,
            the key and the remedy.
    """
    with named_config(runner):
        dataset = runner.test_loop.dataloader.dataset
        classes = classes_of(dataset, 'test_dataloader.dataset')
        if classes is not None:
            check_heads(runner.model, classes, 'test_dataloader.dataset')
        _check_evaluation(dataset, runner.test_loop.evaluator, 'test', None)


def check_train_data(
    runner: Runner, has_pastes: bool, has_regions: bool
) -> None:
    """Check the images, pipeline and sampler of training."""
    dataloader = runner.train_dataloader
    key, dataset = _innermost(dataloader.dataset)
    if isinstance(dataset, ChipDataset):
        check_sampler(dataloader)
    pipeline = getattr(dataset, 'pipeline', None)
    transforms = getattr(pipeline, 'transforms', None)
    if transforms is None or _is_remote(transforms):
        return
    images = dataset.dataset if isinstance(dataset, ChipDataset) else dataset
    check_brightness(images, key)
    check = PipelineCheck(
        f'{key}.pipeline',
        transforms,
        has_regions=has_regions or _has_regions(images),
        has_pastes=has_pastes,
        packs=dataset is dataloader.dataset,
        meta_keys=needed_meta_keys(runner.model),
    )
    if isinstance(dataset, ChipDataset) and dataset.scales is not None:
        check.check_chips(images.get_data_info(0), dataset.chip_size)
    else:
        check.check_images(dataset.get_data_info(0))


def _innermost(dataset: Any) -> tuple[str, Any]:
    """Find key and data set of the pipeline that makes training samples."""
    key = _TRAIN
    while not isinstance(dataset, ChipDataset | BaseDataset):
        inner = getattr(dataset, 'dataset', None)
        if inner is None:
            break
        key, dataset = f'{key}.dataset', inner
    return key, dataset


def _is_remote(transforms: Sequence[Any]) -> bool:
    """Test if images may come from a source other than local files."""
    return any(
        getattr(transform, 'backend_args', None) for transform in transforms
    )


def _has_regions(images: Any) -> bool:
    inds = np.linspace(0, len(images) - 1, min(len(images), _NUM_LOOKED_AT))
    return any(
        len(images.get_data_info(int(ind)).get('ignored_regions', ()))
        for ind in inds
    )


def _check_evaluation(
    dataset: Any,
    evaluator: Evaluator,
    name: str,
    classes: tuple[str, ...] | None,
) -> None:
    """Render one sample of a validation or test, and score it.

    Args:
        dataset: Data set of the validation or test.
        evaluator: Metrics of the validation or test.
        name: 'val' or 'test'.
        classes: Classes of training; None skips the comparison.
    """
    key = f'{name}_dataloader.dataset'
    own = classes_of(dataset, key)
    if classes is not None and own is not None:
        check_same(classes, _TRAIN, own, key)
    check_brightness(dataset, key)
    sample = dataset[0]
    if not isinstance(sample, Mapping) or 'inputs' not in sample:
        raise ValueError(
            f'{key}.pipeline: gives no inputs for the network: it must end '
            "with dict(type='PackDetInputs')"
        )
    views = sample.get('data_samples')
    view = views[0] if isinstance(views, list) and views else views
    if isinstance(view, DetDataSample):
        check_evaluator(evaluator, view, f'{name}_evaluator')


def _check_later_test(runner: Runner, classes: tuple[str, ...] | None) -> None:
    """Build and check the test that may follow a training run.

    Missing images of the test only cause a warning, because training does not
    need the images.
    """
    loader: Any = runner._test_dataloader
    evaluator: Any = runner._test_evaluator
    if not isinstance(loader, Mapping) or evaluator is None:
        return
    is_validation = runner.val_loop is not None and (
        runner.cfg.get('val_dataloader'),
        runner.cfg.get('val_evaluator'),
    ) == (loader, evaluator)
    if is_validation:
        return
    try:
        dataset = DATASETS.build(copy.deepcopy(loader['dataset']))
        metrics = runner.build_evaluator(copy.deepcopy(evaluator))
        metrics.dataset_meta = dataset.metainfo
        _check_evaluation(dataset, metrics, 'test', classes)
    except OSError as error:
        runner.logger.warning(
            f'test_dataloader: {one_line(error, None)}: there will be no test'
        )
    except TypeError as error:
        raise ValueError(f'test_dataloader: {error}') from error


@contextmanager
def named_config(runner: Runner) -> Iterator[None]:
    """Add the config's file to the message of a ``ValueError``."""
    try:
        yield
    except ValueError as error:
        name = runner.cfg.filename
        raise ValueError(f'{name}: {error}' if name else error) from error
