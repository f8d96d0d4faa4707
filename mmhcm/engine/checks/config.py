"""Checks of a config before anything is built from it."""

from collections.abc import Iterator, Mapping
from typing import Any

from mmdet.registry import DATASETS
from mmengine.config import Config
from mmengine.dataset import (
    ClassBalancedDataset,
    ConcatDataset,
    RepeatDataset,
)
from mmengine.device import (
    is_cuda_available,
    is_mlu_available,
    is_musa_available,
    is_npu_available,
)
from mmengine.registry import init_default_scope

from mmhcm.datasets import ChipDataset
from mmhcm.structures.type_names import type_name

from .arguments import check_arguments, find_class
from .mining import check_mining_hooks
from .scales import check_scales

_DEVICES = (
    is_cuda_available,
    is_npu_available,
    is_mlu_available,
    is_musa_available,
)
_INSTEAD = {
    RepeatDataset: "leave it out; ChipSampler's num_samples is the length of "
    'an epoch',
    ClassBalancedDataset: 'put it inside, around the data set of ChipDataset',
    ConcatDataset: 'put it inside, as the data set of one ChipDataset',
}


def check_config(cfg: Config) -> None:
    """Check a config before a Runner is built.

    Raises:
        ValueError: the config is invalid; the message names file, key and
            remedy.
    """
    init_default_scope(cfg.get('default_scope', 'mmdet'))
    try:
        for check in (
            check_arguments,
            check_wrappers,
            check_mining_hooks,
            check_scales,
            _check_amp,
            _check_auto_scale_lr,
        ):
            check(cfg)
    except ValueError as error:
        raise ValueError(f'{cfg.filename}: {error}') from error


def check_wrappers(cfg: Mapping[str, Any]) -> None:
    """Make sure that no wrapper of chips has its own numbering of samples.

    The sampler numbers chips, and hard chips are added during training.

    Raises:
        ValueError: a wrapper has its own numbering.
    """
    nodes = list(_wrappers('train_dataloader.dataset', _train_dataset(cfg)))
    classes = [(key, find_class(node, DATASETS)) for key, node in nodes]
    for ind, (_, cls) in enumerate(classes):
        if cls is None or not issubclass(cls, ChipDataset):
            continue
        for key, outer in classes[:ind]:
            for wrapper, remedy in _INSTEAD.items():
                if outer is not None and issubclass(outer, wrapper):
                    raise ValueError(
                        f'{key}: {outer.__name__} around ChipDataset: {remedy}'
                    )
        return


def _train_dataset(cfg: Mapping[str, Any]) -> Any:
    return (cfg.get('train_dataloader') or {}).get('dataset')


def _wrappers(key: str, node: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield keys and configs of nested data sets, the outermost first."""
    if not isinstance(node, Mapping):
        return
    yield key, node
    yield from _wrappers(f'{key}.dataset', node.get('dataset'))
    # Only the first of a list; the other data sets are of the same kind.
    for inner in list(node.get('datasets') or ())[:1]:
        yield from _wrappers(f'{key}.datasets[0]', inner)


def _check_amp(cfg: Mapping[str, Any]) -> None:
    wrapper = cfg.get('optim_wrapper') or {}
    if type_name(wrapper) != 'AmpOptimWrapper':
        return
    if not any(is_available() for is_available in _DEVICES):
        raise ValueError(
            'optim_wrapper.type: AmpOptimWrapper (--amp) needs a GPU, and '
            'there is none: use OptimWrapper'
        )


def _check_auto_scale_lr(cfg: Mapping[str, Any]) -> None:
    settings = cfg.get('auto_scale_lr') or {}
    if settings.get('enable') and not settings.get('base_batch_size'):
        raise ValueError(
            'auto_scale_lr.enable: set auto_scale_lr.base_batch_size to the '
            'number of samples of a step that the learning rate is made for, '
            'or train with --no-auto-scale-lr'
        )
