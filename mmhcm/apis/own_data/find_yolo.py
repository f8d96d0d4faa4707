"""Folders in YOLO's format, described by a data.yaml or by their layout."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from .found_data import FoundData, below, common_root

_CONFIG = 'hcm/faster-rcnn_r50_fpn_hcm_yolo.py'


def find_yolo(source: str | Path) -> FoundData:
    """Read the classes and folders of a data set in YOLO's format.

    Args:
        source: The yaml file of the data set, or the folder of the yaml file.

    Raises:
        ValueError: no single yaml file, or no classes or folders in the file.
        OSError: the file cannot be read.
    """
    path = _find_yaml(Path(source))
    try:
        content = yaml.safe_load(path.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        line = ' '.join(str(error).split())
        raise ValueError(f'{path}: no YAML file: {line}') from error
    if not isinstance(content, Mapping):
        raise ValueError(f'{path}: has no names, train and val')
    classes = _read_names(path, content)
    folders = [_find_folder(path, content, key) for key in ('train', 'val')]
    root = common_root(path.parent, *folders)
    variables = {
        'train_images': below(folders[0], root),
        'val_images': below(folders[1], root),
    }
    return FoundData(_CONFIG, root, classes, variables)


def _find_yaml(source: Path) -> Path:
    if not source.is_dir():
        return source
    found = sorted([*source.glob('*.yaml'), *source.glob('*.yml')])
    if len(found) != 1:
        raise ValueError(
            f'{source} has {len(found)} yaml files: name the one with the '
            'names of the classes'
        )
    return found[0]


def _read_names(path: Path, content: Mapping[str, Any]) -> tuple[str, ...]:
    """Read the names of the classes, by position or by index."""
    names = content.get('names')
    if isinstance(names, Mapping):
        if sorted(names) != list(range(len(names))):
            raise ValueError(f'{path}: names must count from 0, got {names}')
        names = [names[index] for index in range(len(names))]
    if not isinstance(names, list) or not names:
        raise ValueError(f'{path}: has no names of classes')
    return tuple(map(str, names))


def _find_folder(path: Path, content: Mapping[str, Any], key: str) -> Path:
    """Find the folder of images of a split."""
    value = content.get(key) or content.get(f'{key}id')
    if not isinstance(value, str):
        raise ValueError(f'{path}: {key} must be a folder, got {value!r}')
    root = Path(str(content.get('path') or '.'))
    # Exporters write paths relative to different folders.
    candidates = [
        path.parent / root / value,
        root / value,
        path.parent / value,
        path.parent / value.removeprefix('../'),
    ]
    for folder in candidates:
        if folder.is_dir():
            return folder
    raise ValueError(f'{path}: {key}: no folder at {candidates[0]}')
