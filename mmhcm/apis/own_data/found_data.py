"""Own data that was found, and its config."""

import os.path as osp
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mmengine.config import Config

from mmhcm.config_files import SCOPE, config


@dataclass(frozen=True)
class FoundData:
    """Values of a config for own data.

    Attributes:
        base: Name of the config to inherit, below ``configs/``.
        data_root: Folder of the data.
        classes: Names, in the order of the labels.
        variables: Paths below ``data_root``, by the names of the config.
        notes: Notes for the user, one line each.
    """

    base: str
    data_root: str
    classes: tuple[str, ...]
    variables: Mapping[str, str]
    notes: Sequence[str] = field(default=())


def data_config(data: FoundData) -> str:
    """Format the config of found data, without values equal to the base."""
    defaults = Config.fromfile(config(data.base), import_custom_modules=False)
    lines = [
        f"_base_ = '{SCOPE}{data.base}'",
        '',
        f'data_root = {data.data_root!r}',
        f'classes = {data.classes!r}',
    ]
    lines += [
        f'{name} = {value!r}'
        for name, value in data.variables.items()
        if value != defaults[name]
    ]
    return '\n'.join(lines) + '\n'


def common_root(*paths: str | Path) -> str:
    """Return the common folder of paths, relative if all paths are.

    Examples:
        >>> common_root('sea/train.json', 'sea/images/train')
        'sea'
        >>> common_root('train.json', 'images')
        '.'
    """
    parents = [Path(path) for path in paths]
    if len({path.is_absolute() for path in parents}) > 1:
        parents = [path.absolute() for path in parents]
    return osp.commonpath([osp.normpath(path) for path in parents]) or '.'


def below(path: str | Path, root: str) -> str:
    """Return a path relative to a root, with forward slashes."""
    return Path(osp.relpath(path, root)).as_posix()
