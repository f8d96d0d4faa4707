"""Loading of configs with the options of a command line."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmhcm.config_files import (
    SCOPE,
    config,
    deferred_references,
    resolve_references,
)
from mmhcm.engine.checks import warn_of_other_scales

from .options import check_options

#: Top-level variables of a config with which paths in other values begin.
_ROOTS = ('data_root', 'external_root', 'cache_dir')


def load_config(args: argparse.Namespace) -> Config:
    """Load the config of a command line and merge its options.

    Raises:
        FileNotFoundError: the config or one of its bases does not exist.
        ImportError: an import of the config fails.
        ValueError: the file is no config, an option does not fit the config,
            or a reference has no value.
    """
    cfg = _read_config(args.config)
    options = args.cfg_options or {}
    check_options(cfg, options, _ROOTS)
    for name in _ROOTS:
        if name in options and name in cfg and cfg[name]:
            cfg = move_root(cfg, str(cfg[name]), str(options[name]))
    try:
        cfg.merge_from_dict(options)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f'--cfg-options: {error}') from error
    try:
        resolve_references(cfg._cfg_dict)
    except ValueError as error:
        raise ValueError(f'{args.config}: {error}') from error
    warn_of_other_scales(cfg)
    cfg.launcher = args.launcher
    if args.work_dir is not None:
        cfg.work_dir = args.work_dir
    elif cfg.get('work_dir') is None:
        cfg.work_dir = str(Path('work_dirs') / Path(args.config).stem)
    return cfg


def _read_config(name: str) -> Config:
    """Read a config with unresolved references."""
    path = config(name) if name.startswith(SCOPE) else name
    if not Path(path).is_file():
        raise FileNotFoundError(f'no config at {name}')
    try:
        with deferred_references():
            return Config.fromfile(path)
    except (OSError, ImportError):
        raise
    # A config is a program, and may raise any exception.
    except Exception as error:
        raise ValueError(f'{name}: {type(error).__name__}: {error}') from error


def move_root(cfg: Config, old: str, new: str) -> Config:
    """Return ``cfg`` with every path at or below ``old`` moved to ``new``."""

    def moved(value: Any) -> Any:
        if isinstance(value, str):
            if value == old or value.startswith(old.rstrip('/') + '/'):
                return new.rstrip('/') + value[len(old.rstrip('/')) :]
            return value
        if isinstance(value, Mapping):
            return {key: moved(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(moved(item) for item in value)
        return value

    # `_to_lazy_dict` keeps classes; `to_dict` would replace classes by names.
    with deferred_references():
        return Config(moved(cfg._to_lazy_dict()), filename=cfg.filename)
