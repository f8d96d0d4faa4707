"""Configs of rows: resolved, hashed, compared."""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmhcm.engine.launching import ConfigAction, load_config
from mmhcm.engine.mining import hook_settings, plain_settings
from mmhcm.structures.files import fingerprint

from .rows import Row, Start

#: Keys of a run's folder, launcher and start; left out of digests.
_PLACES = ('work_dir', 'launcher', 'resume', 'load_from')
#: Hooks for configs to reuse; ``default_hooks`` has the hooks in use.
_STORES = ('project_hooks', 'mining_hooks')
#: Prefixes of the config sections that do not affect the weights.
_TEST_PREFIXES = ('test_', 'tta_', 'val_')
#: Keys that may differ between rows that share their first epochs. For
#: example, before the first round no hard chips exist to take a share of.
_INERT = (
    'default_hooks.checkpoint',
    'default_hooks.mining',
    'default_hooks.mining_report',
    'external_root',
    'train_dataloader.sampler.hard_ratio',
)
#: Keys that a resumed run takes from the checkpoint, not from the config.
_SCHEDULE = ('param_scheduler', 'train_cfg.max_epochs', 'train_cfg.max_iters')


def resolve_config(path: Path, options: Sequence[str]) -> Config:
    """Load a config as the command ``train`` does.

    Args:
        path: Config file.
        options: ``key=value`` texts.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument('--cfg-options', nargs='+', action=ConfigAction)
    parsed = parser.parse_args(['--cfg-options', *options] if options else [])
    return load_config(
        argparse.Namespace(
            config=str(path),
            cfg_options=parsed.cfg_options,
            launcher='none',
            work_dir='.',
        )
    )


def option_texts(options: Mapping[str, Any]) -> list[str]:
    """Write config values as ``key=value`` texts."""
    return [f'{key}={_text(value)}' for key, value in options.items()]


def check_options(options: Iterable[str]) -> None:
    """Make sure that options are ``key=value`` texts.

    Raises:
        ValueError: an option is not a ``key=value`` text.
    """
    for option in options:
        if '=' not in option[1:]:
            raise ValueError(f'--cfg-options: {option!r} is not key=value')


def config_hash(cfg: Config, *more: Any, training: bool = False) -> str:
    """Compute the digest of a resolved config, without its seed.

    Args:
        cfg: The config.
        more: Further values to include in the digest.
        training: Leave out the sections of validation and test.
    """
    values = _plain(cfg)
    values.get('randomness', {}).pop('seed', None)
    if training:
        values = {
            key: value
            for key, value in values.items()
            if not key.startswith(_TEST_PREFIXES)
        }
    return fingerprint(values, *more)


def config_differences(left: Config, right: Config) -> list[str]:
    """List the dotted keys in which two resolved configs differ."""
    first, second = (_flatten(_plain(cfg)) for cfg in (left, right))
    absent = object()
    return sorted(
        key
        for key in first.keys() | second.keys()
        if first.get(key, absent) != second.get(key, absent)
    )


def is_below(key: str, prefixes: Iterable[str]) -> bool:
    """Test if a dotted key equals a prefix or is below a prefix."""
    return any(
        key == prefix or key.startswith(f'{prefix}.') for prefix in prefixes
    )


def check_start(row: Row, start: Start, own: Config, other: Config) -> None:
    """Make sure that a row may continue from another row's checkpoint.

    Raises:
        ValueError: the first epochs of the rows differ.
    """
    allowed = (*_INERT, *start.differs)
    strange = [
        key
        for key in config_differences(own, other)
        if is_below(key, _SCHEDULE) or not is_below(key, allowed)
    ]
    if strange:
        raise ValueError(
            f'row {row.id!r} cannot go on from {start.row!r}: their configs '
            f'differ in {strange[0]}'
        )
    hook = hook_settings(own, 'HardChipMiningHook')
    first = min(hook.get('epochs', ()), default=start.epoch)
    if first < start.epoch or hook.get('restart'):
        raise ValueError(
            f'row {row.id!r} cannot go on from {start.row!r} after epoch '
            f'{start.epoch}: it mines after {first} or restarts'
        )


def planned_pixels(cfg: Config, iterations: int, ranks: int) -> int | None:
    """Count the pixels of training iterations; None without chips."""
    dataset = cfg.train_dataloader.dataset
    if dataset.get('chip_size') is None or dataset.get('scales') is None:
        return None
    batch_size = cfg.train_dataloader.batch_size
    return iterations * batch_size * ranks * dataset.chip_size**2


def _plain(cfg: Config) -> dict[str, Any]:
    values = plain_settings(cfg._cfg_dict.to_dict())
    for key in (*_PLACES, *_STORES):
        values.pop(key, None)
    return values


def _flatten(value: Any, prefix: str = '') -> dict[str, Any]:
    """List the leaves of nested dicts and lists by dotted key."""
    if isinstance(value, dict):
        items: Iterable[tuple[Any, Any]] = value.items()
    elif isinstance(value, list) and any(
        isinstance(item, dict | list) for item in value
    ):
        items = enumerate(value)
    else:
        return {prefix: value}
    flat: dict[str, Any] = {}
    for key, item in items:
        flat.update(_flatten(item, f'{prefix}.{key}' if prefix else str(key)))
    return flat


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f'[{",".join(map(_text, value))}]'
    return str(value)
