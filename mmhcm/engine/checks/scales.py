"""The one place of a config that has the scales of chips."""

from collections.abc import Mapping
from typing import Any

from mmhcm.structures.type_names import type_name

#: Values at the top of a config that look as if they were read.
_NAMES = ('scales', 'chip_size')


def chip_settings(cfg: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the config of the training chips; {} without any."""
    node: Any = (cfg.get('train_dataloader') or {}).get('dataset')
    while isinstance(node, Mapping):
        if type_name(node) == 'ChipDataset':
            return node
        node = node.get('dataset')
    return {}


def check_scales(cfg: Mapping[str, Any]) -> None:
    """Make sure that scales at the top of a config are those of training.

    Training, mining and tests read the scales of ``ChipDataset``; MMEngine
    does not pass a variable of a config on to what its base made of another.

    Raises:
        ValueError: they are others.
    """
    chips = chip_settings(cfg)
    if not chips or chips.get('scales') is None:
        return
    for name in _NAMES:
        if name in cfg and name in chips and not _same(cfg[name], chips[name]):
            raise ValueError(
                f'{name}: nothing reads it at the top of a config: set '
                f'train_dataloader.dataset.{name}, which is another one now'
            )


def _same(left: Any, right: Any) -> bool:
    """Compare values of a config, in which tuples may be lists."""
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(
            _same(left[key], right[key]) for key in left
        )
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(_same, left, right))
    return bool(left == right)
