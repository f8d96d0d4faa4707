"""The one place of a config that has the scales of chips."""

from collections.abc import Iterator, Mapping
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
    """Make sure that scales at the top of a config are read by something.

    MMEngine does not pass a variable of a config on to what its base made of
    another value.

    Raises:
        ValueError: training has others, and so has the rest of the config.
    """
    chips = chip_settings(cfg)
    if not chips or chips.get('scales') is None:
        return
    for name in _NAMES:
        if (
            name in cfg
            and name in chips
            and not any(
                _same(found, cfg[name])
                for key, value in cfg.items()
                if key != name
                for found in _values(value, name)
            )
        ):
            raise ValueError(
                f'{name}: nothing reads it at the top of this config: set '
                f'train_dataloader.dataset.{name}, which is another one'
            )


def _values(node: Any, name: str) -> Iterator[Any]:
    """Yield the values of a key, wherever it is below a node."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key == name:
                yield value
            yield from _values(value, name)
    elif isinstance(node, list | tuple):
        for item in node:
            yield from _values(item, name)


def _same(left: Any, right: Any) -> bool:
    """Compare values of a config, in which tuples may be lists."""
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(
            _same(left[key], right[key]) for key in left
        )
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(_same, left, right))
    return bool(left == right)
