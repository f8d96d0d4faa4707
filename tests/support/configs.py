"""Configs of the project, each read once."""

from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from typing import Any

from mmengine.config import Config

from tests.support.tiny_run import REPO

CONFIGS = sorted(
    path.relative_to(REPO).as_posix()
    for pattern in ('configs/*/*.py', 'projects/*/configs/*.py')
    for path in REPO.glob(pattern)
    if '_base_' not in path.parts
)


def detectors_in(folder: str) -> set[str]:
    """Names of the detectors for VisDrone in a folder of configs."""
    paths = (REPO / 'configs' / folder).glob('*.py')
    return {path.stem.removesuffix('_visdrone') for path in paths}


@cache
def _read(path: str) -> Config:
    return Config.fromfile(REPO / path)


def read_config(path: str) -> Config:
    """Give a copy of a config of the repository."""
    return deepcopy(_read(path))


def read_detector(name: str, folder: str = 'baselines') -> Config:
    """Give a copy of the config of a detector for VisDrone."""
    return read_config(f'configs/{folder}/{name}_visdrone.py')


def dicts(values: Any) -> Iterator[dict]:
    """All dicts in a config section, itself included."""
    if isinstance(values, dict):
        yield values
    for value in values.values() if isinstance(values, dict) else values:
        if isinstance(value, dict | list | tuple):
            yield from dicts(value)


def without_weights(model: Any) -> Any:
    """Drop every init_cfg that names a file, so that nothing is loaded."""
    for part in dicts(model):
        if 'checkpoint' in (part.get('init_cfg') or {}):
            part['init_cfg'] = None
    return model
