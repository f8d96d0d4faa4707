"""Configs whose types are classes, MMEngine's "pure Python style"."""

import re
from pathlib import Path

import mmdet.registry
from mmengine.config import Config
from mmengine.registry import Registry

_TYPE = re.compile(r"type='([\w.]+)'")


def write_lazy_config(path: Path, out: Path) -> Path:
    """Write a config with imported classes in the place of their names.

    Args:
        path: A config of names.
        out: The file to write.
    """
    cfg = Config.fromfile(path)
    # The classes import what they need.
    cfg.pop('custom_imports')
    text = re.sub(r"_scope_='mmdet',?\s*", '', cfg.pretty_text)
    classes = {name: _find(name) for name in set(_TYPE.findall(text))}
    known = {name: cls for name, cls in classes.items() if cls is not None}
    text = _TYPE.sub(
        lambda match: (
            f'type={known[match[1]].__name__}'
            if match[1] in known
            else match[0]
        ),
        text,
    )
    imports = sorted(
        f'from {cls.__module__} import {cls.__name__}'
        for cls in known.values()
    )
    out.write_text('\n'.join([*imports, text]))
    return out


def _find(name: str) -> type | None:
    """Find a class of MMDetection's registries, before MMEngine's."""
    values = sorted(
        vars(mmdet.registry).items(), key=lambda item: 'MMENGINE' in item[0]
    )
    for _, registry in values:
        if isinstance(registry, Registry):
            found = registry.get(name)
            if isinstance(found, type):
                return found
    return None
