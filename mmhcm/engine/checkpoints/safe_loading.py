"""Loading of checkpoints by torch's safe loader alone.

Importing this module makes MMEngine load safely as well, whatever the
version of torch and the place that weights come from: before torch 2.6 the
default was to unpickle anything, and for addresses it still is.
"""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

import torch
from mmengine.runner import CheckpointLoader
from mmengine.runner import checkpoint as mmengine_loaders

from mmhcm.structures.files import one_line

#: torch obeys the first even where a caller asks for the unsafe loader.
_FORCE_SAFE = 'TORCH_FORCE_WEIGHTS_ONLY_LOAD'
_FORCE_UNSAFE = 'TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD'
_PREFIXES = {
    'load_from_local': ('',),
    'load_from_http': ('http://', 'https://'),
    'load_from_torchvision': ('modelzoo://', 'torchvision://'),
    'load_from_openmmlab': ('open-mmlab://', 'openmmlab://'),
    'load_from_mmcls': ('mmcls://',),
    'load_from_pavi': ('pavi://',),
    'load_from_ceph': (r'(\S+\:)?s3://', r'(\S+\:)?petrel://'),
}
# Messages of the safe loaders of several versions of torch.
_REFUSED = re.compile(r'(?:GLOBAL|Unsupported class) ([\w.]+)')
_REFUSES = re.compile('Weights only load failed|weights_only')


def load_plain(path: str | Path, map_location: Any = 'cpu') -> Any:
    """Load a checkpoint of tensors and plain values; run nothing.

    Args:
        path: A file.
        map_location: Where to put tensors. Tensors for the CPU are mapped,
            not read.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is damaged, no checkpoint, or holds something else.
    """
    # An OSError for a folder or a missing file, which torch hides.
    with Path(path).open('rb'):
        pass
    with _safely(path):
        return torch.load(
            path,
            map_location=map_location,
            weights_only=True,
            mmap=map_location == 'cpu' and _is_archive(path),
        )


@contextmanager
def _safely(name: object) -> Iterator[None]:
    """Force the safe loader; raise its refusal as one line with ``name``."""
    before = {key: os.environ.get(key) for key in (_FORCE_SAFE, _FORCE_UNSAFE)}
    os.environ.pop(_FORCE_UNSAFE, None)
    os.environ[_FORCE_SAFE] = '1'
    try:
        yield
    except (FileNotFoundError, ImportError):
        raise
    except MemoryError as error:
        raise ValueError(f'{name} needs more memory than is available') from (
            error
        )
    # Which error a broken file gives depends on where it is broken.
    except Exception as error:
        if isinstance(error, OSError) and error.filename:
            raise
        raise ValueError(_reason(name, error)) from error
    finally:
        for key, value in before.items():
            os.environ.pop(key, None)
            if value is not None:
                os.environ[key] = value


def _reason(name: object, error: Exception) -> str:
    text = one_line(error, None)
    what = 'it is damaged, or holds'
    if (refused := _REFUSED.search(text)) is not None:
        what = f'it holds {refused[1].rstrip(".")[:100]}, that is'
    elif not _REFUSES.search(text):
        return (
            f'{name} is not a checkpoint that can be loaded safely: '
            + (text[:150])
        )
    # Torch's own message advises to load unsafely.
    return (
        f'{name} is not a checkpoint that can be loaded safely: {what} '
        'more than tensors and plain values, which could run a program; if '
        'you trust its source, convert it with `mmhcm convert_checkpoint`'
    )


def _is_archive(path: str | Path) -> bool:
    """Check whether torch can map the file: not one of before torch 1.6."""
    with Path(path).open('rb') as file:
        return file.read(4) == b'PK\x03\x04'


def _safe(loader: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(loader)
    def load(filename: str, *args: Any, **kwargs: Any) -> Any:
        with _safely(filename):
            return loader(filename, *args, **kwargs)

    return load


def _register() -> None:
    for name, prefixes in _PREFIXES.items():
        loader = _safe(getattr(mmengine_loaders, name))
        CheckpointLoader.register_scheme(prefixes, loader, force=True)


_register()
