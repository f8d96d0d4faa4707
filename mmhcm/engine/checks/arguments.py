"""Check for arguments in a config that classes do not take."""

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from mmdet.registry import (
    DATA_SAMPLERS,
    DATASETS,
    HOOKS,
    LOOPS,
    METRICS,
    TRANSFORMS,
)
from mmengine.registry import Registry

from mmhcm.structures.type_names import type_name

_LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
_NOT_ARGUMENTS = {'type', '_scope_', '_delete_', 'priority'}


def check_arguments(cfg: Mapping[str, Any]) -> None:
    """Make sure that classes take the arguments that a config gives them.

    Data sets, their transforms, samplers, loops, hooks and metrics are
    checked.

    Raises:
        ValueError: a class does not take an argument; the message names the
            config's key.
    """
    for key, node, registry in _nodes(cfg):
        cls = find_class(node, registry)
        accepted = None if cls is None else accepted_arguments(cls)
        if accepted is None:
            continue
        unknown = set(node) - accepted - _NOT_ARGUMENTS
        if unknown:
            names = ', '.join(sorted(unknown))
            raise ValueError(
                f'{key}: {type_name(node)} takes no {names}: '
                + _remedy(key, node, unknown)
            )


def find_class(node: Mapping[str, Any], registry: Registry) -> type | None:
    """Return the class that a config node names; None if it is unknown."""
    kind = node.get('type')
    if isinstance(kind, str):
        kind = registry.get(kind)
    return kind if isinstance(kind, type) else None


def accepted_arguments(cls: type) -> set[str] | None:
    """Collect the names of a class' arguments; None if it takes any.

    Further keywords of a constructor go to the parent's constructor.
    """
    names: set[str] = set()
    for base in cls.__mro__[:-1]:
        if '__init__' not in vars(base):
            continue
        parameters = inspect.signature(
            vars(base)['__init__']
        ).parameters.values()
        names |= {
            p.name
            for p in parameters
            if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
        }
        if all(p.kind is not p.VAR_KEYWORD for p in parameters):
            return names - {'self'}
    return None


def _remedy(key: str, node: Mapping[str, Any], unknown: set[str]) -> str:
    inner = node.get('dataset')
    if isinstance(inner, Mapping):
        cls = find_class(inner, DATASETS)
        accepted = None if cls is None else accepted_arguments(cls)
        if accepted is not None and unknown <= accepted:
            where = ', '.join(f'{key}.dataset.{n}' for n in sorted(unknown))
            return f'set {where}'
    return (
        'misspelled, or from the config that this one inherits: if the type '
        'there is another one, add _delete_=True'
    )


def _nodes(
    cfg: Mapping[str, Any],
) -> Iterator[tuple[str, Mapping[str, Any], Registry]]:
    """Yield key, node and registry of the objects that a config builds."""
    for name in _LOADERS:
        loader = cfg.get(name)
        if not isinstance(loader, Mapping):
            continue
        yield from _dataset_nodes(f'{name}.dataset', loader.get('dataset'))
        for key in ('sampler', 'batch_sampler'):
            yield from _listed(f'{name}.{key}', loader.get(key), DATA_SAMPLERS)
    for name in ('train_cfg', 'val_cfg', 'test_cfg'):
        yield from _listed(name, cfg.get(name), LOOPS)
    for name in ('val_evaluator', 'test_evaluator'):
        yield from _listed(name, cfg.get(name), METRICS)
    for key, hook in (cfg.get('default_hooks') or {}).items():
        yield from _listed(f'default_hooks.{key}', hook, HOOKS)
    yield from _listed('custom_hooks', cfg.get('custom_hooks'), HOOKS)


def _dataset_nodes(
    key: str, node: Any
) -> Iterator[tuple[str, Mapping[str, Any], Registry]]:
    """Yield a data set, its transforms, and the wrapped data sets."""
    if not isinstance(node, Mapping):
        return
    yield key, node, DATASETS
    yield from _listed(f'{key}.pipeline', node.get('pipeline'), TRANSFORMS)
    yield from _dataset_nodes(f'{key}.dataset', node.get('dataset'))
    for ind, inner in enumerate(node.get('datasets') or ()):
        yield from _dataset_nodes(f'{key}.datasets[{ind}]', inner)


def _listed(
    key: str, value: Any, registry: Registry
) -> Iterator[tuple[str, Mapping[str, Any], Registry]]:
    """Yield a node, or the nodes of a list."""
    if isinstance(value, Mapping):
        yield key, value, registry
    elif isinstance(value, list | tuple):
        for ind, item in enumerate(value):
            if isinstance(item, Mapping):
                yield f'{key}[{ind}]', item, registry
