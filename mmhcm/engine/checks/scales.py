"""Checks of the scales of chips in a config."""

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.config import Config
from mmengine.logging import print_log

from mmhcm.structures.type_names import type_name

#: Variables at the top of a config that may have no effect.
_NAMES = ('scales', 'chip_size')


def check_scales(cfg: Mapping[str, Any]) -> None:
    """Make sure that scales at the top of a config have an effect.

    In MMEngine, a variable of a config does not change values that its base
    config has derived from another value of the variable.

    Raises:
        ValueError: neither training nor the rest of the config has the scales
            at the top.
    """
    chips = _find(cfg.get('train_dataloader'), 'ChipDataset')
    if chips.get('scales') is None:
        return
    for name in _NAMES:
        if (
            name in cfg
            and name in chips
            and not any(
                name in node and _same(node[name], cfg[name])
                for key, value in cfg.items()
                if key != name
                for node in _dicts(value)
            )
        ):
            raise ValueError(
                f'{name}: nothing reads it at the top of this config: set '
                f'train_dataloader.dataset.{name}, which is another one'
            )


def warn_of_other_scales(cfg: Config) -> None:
    """Warn if the multi-scale test has other scales than the training chips.

    Test and chips both read ``scales`` of the config, unless a child config
    sets separate scales for the test or the chips.
    """
    trained, tested = (
        [
            (scale['window'], tuple(scale['valid_range']))
            for scale in _find(cfg.get(section), name).get('scales') or ()
        ]
        for section, name in (
            ('train_dataloader', 'ChipDataset'),
            ('tta_pipeline', 'ViewsOfImage'),
        )
    )
    if trained and tested and trained != tested:
        print_log(
            f'{cfg.filename}: the multi-scale test (tta_pipeline) has other '
            'scales than the training chips (train_dataloader): set `scales` '
            'at the top of the config, which both read',
            logger='current',
            level=logging.WARNING,
        )


def _find(section: Any, name: str) -> Mapping[str, Any]:
    """Return the first dict of a type in a config; {} if there is none."""
    parts = (part for part in _dicts(section) if type_name(part) == name)
    return next(parts, {})


def _dicts(section: Any) -> Iterator[Mapping[str, Any]]:
    """Yield all dicts of a part of a config."""
    if isinstance(section, Mapping):
        yield section
        for value in section.values():
            yield from _dicts(value)
    elif isinstance(section, list | tuple):
        for value in section:
            yield from _dicts(value)


def _same(left: Any, right: Any) -> bool:
    """Compare values of a config, in which tuples may be lists."""
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(
            _same(left[key], right[key]) for key in left
        )
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(_same, left, right))
    return bool(left == right)
