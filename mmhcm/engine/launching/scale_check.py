"""Check that training and the multi-scale test have the same scales."""

import logging
from collections.abc import Iterator
from typing import Any

from mmengine.config import Config
from mmengine.logging import print_log

from mmhcm.structures.type_names import type_name


def warn_of_other_scales(cfg: Config) -> None:
    """Warn if the multi-scale test has other scales than the training chips.

    Both read ``scales`` of the config, unless a child config sets one of them
    in its own place.
    """
    trained = _scales_of(cfg.get('train_dataloader'), 'ChipDataset')
    tested = _scales_of(cfg.get('tta_pipeline'), 'ViewsOfImage')
    if trained and tested and trained != tested:
        print_log(
            f'{cfg.filename}: the multi-scale test (tta_pipeline) has other '
            'scales than the training chips (train_dataloader): set `scales` '
            'at the top of the config, which both read',
            logger='current',
            level=logging.WARNING,
        )


def _scales_of(section: Any, name: str) -> list[tuple[Any, Any]]:
    """List the windows and valid ranges of the first part of a type."""
    for part in _dicts(section):
        if type_name(part) == name:
            return [
                (scale['window'], tuple(scale['valid_range']))
                for scale in part.get('scales') or ()
            ]
    return []


def _dicts(section: Any) -> Iterator[dict]:
    if isinstance(section, dict):
        yield section
        for value in section.values():
            yield from _dicts(value)
    elif isinstance(section, list | tuple):
        for value in section:
            yield from _dicts(value)
