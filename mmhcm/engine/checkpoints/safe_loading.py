"""Loading of checkpoints that never runs code from a file.

Torch's safe loader reads tensors and plain values, and refuses a file that
contains other objects, like all files that MMDetection publishes. A refused
file is then read without the other objects; see :mod:`.inert_pickle`.

Importing this module makes MMEngine load weights of any source in the same
way: from a file, an address, or a name such as ``open-mmlab://``.
"""

import os
import pickle
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import IO, Any
from urllib.error import URLError

import torch
from mmengine.logging import print_log
from mmengine.runner import CheckpointLoader
from mmengine.runner import checkpoint as mmengine_loaders

from mmhcm.structures.files import one_line

from .inert_pickle import InertPickle, LeftOut

#: Environment variable; if set, only torch's safe loader is used.
_FORCE_SAFE = 'TORCH_FORCE_WEIGHTS_ONLY_LOAD'
_PREFIXES = {
    'load_from_local': ('',),
    'load_from_http': ('http://', 'https://'),
    'load_from_torchvision': ('modelzoo://', 'torchvision://'),
    'load_from_openmmlab': ('open-mmlab://', 'openmmlab://'),
    'load_from_mmcls': ('mmcls://',),
    'load_from_pavi': ('pavi://',),
    'load_from_ceph': (r'(\S+\:)?s3://', r'(\S+\:)?petrel://'),
}
#: Beginnings of torch's archives, and of its files before torch 1.6.
_ARCHIVE, _OLD = b'PK\x03\x04', b'\x80\x02\x8a\x0a'
# Messages of the safe loaders of several versions of torch.
_REFUSED = re.compile(r'(?:GLOBAL|Unsupported class) ([\w.]+)')
_REFUSES = re.compile('Weights only load failed|weights_only')
_MAX_NAMES = 3

_File = str | os.PathLike | IO[bytes]
_torch_load = torch.load


def load_plain(path: str | Path, map_location: Any = 'cpu') -> Any:
    """Load the tensors and plain values of a checkpoint; run no code.

    Args:
        path: A file.
        map_location: Where to put tensors. Tensors for the CPU are mapped,
            not read.

    Returns:
        Loaded checkpoint. Objects of other classes are :class:`LeftOut`.

    Raises:
        OSError: the file cannot be read.
        ValueError: the file is damaged, or no checkpoint.
    """
    with _errors_name(path):
        return _load(path, map_location, mmap=map_location == 'cpu')[0]


def _load(
    file: _File, map_location: Any, mmap: bool = False
) -> tuple[Any, set[str]]:
    """Load a checkpoint; also return the names of left-out objects."""
    start = _start_of(file)
    options = {
        'map_location': map_location,
        'mmap': mmap and start == _ARCHIVE,
    }
    try:
        return _torch_load(file, weights_only=True, **options), set()
    except pickle.UnpicklingError:
        # Archives of programs (TorchScript) are refused with another error.
        if start not in (_ARCHIVE, _OLD) or _FORCE_SAFE in os.environ:
            raise
    _start_of(file)
    inert = InertPickle()
    content = _torch_load(file, pickle_module=inert, **options)
    if isinstance(content, LeftOut):
        raise ValueError(
            f'it holds an object of the class {content.name[:100]}, not '
            'weights: save its state_dict()'
        )
    return content, inert.left_out


def _start_of(file: _File) -> bytes:
    """Return the first four bytes of a file, and rewind an open file.

    Raises:
        OSError: the path is a folder or does not exist; torch would hide this
            error.
    """
    if isinstance(file, str | os.PathLike):
        with Path(file).open('rb') as opened:
            return opened.read(4)
    file.seek(0)
    start = file.read(4)
    file.seek(0)
    return start


@contextmanager
def _errors_name(name: object) -> Iterator[None]:
    """Raise loading errors again, as one line with ``name``."""
    try:
        yield
    except (FileNotFoundError, ImportError):
        raise
    except MemoryError as error:
        raise ValueError(f'{name} needs more memory than is available') from (
            error
        )
    except URLError as error:
        reason = one_line(error, None)
        raise OSError(f'{name} cannot be downloaded: {reason}') from error
    # The error of a damaged file depends on the position of the damage.
    except Exception as error:
        if isinstance(error, OSError) and error.filename:
            raise
        raise ValueError(_reason(name, error)) from error


def _reason(name: object, error: Exception) -> str:
    """Describe why a file cannot be loaded.

    Torch's own message may recommend unsafe loading.
    """
    text = one_line(error, None)
    refused = _REFUSED.search(text)
    if refused is not None:
        text = f'it holds {refused[1].rstrip(".")[:100]}'
    elif _REFUSES.search(text):
        text = 'it is damaged, or holds more than tensors and plain values'
    return f'{name} is not a checkpoint that can be loaded: {text[:150]}'


def _safe(loader: Callable[..., Any]) -> Callable[..., Any]:
    """Make a loader of MMEngine call `_load` instead of ``torch.load``."""

    @wraps(loader)
    def load(filename: str, *args: Any, **kwargs: Any) -> Any:
        names: set[str] = set()
        with _errors_name(filename), _in_place_of_torch(names):
            checkpoint = loader(filename, *args, **kwargs)
        _drop_config(checkpoint)
        _log_left_out(filename, names)
        return checkpoint

    return load


@contextmanager
def _in_place_of_torch(names: set[str]) -> Iterator[None]:
    """Replace ``torch.load``; collect the names of left-out objects."""

    def load(file: _File, map_location: Any = None, **_: Any) -> Any:
        content, left_out = _load(file, map_location)
        names.update(left_out)
        return content

    before = torch.load
    torch.load = load  # type: ignore[assignment]
    try:
        yield
    finally:
        torch.load = before


def _drop_config(checkpoint: Any) -> None:
    """Remove the config, which MMEngine runs as a program on resuming."""
    meta = checkpoint.get('meta') if isinstance(checkpoint, dict) else None
    if isinstance(meta, dict):
        meta.pop('config', None)


def _log_left_out(name: str, left_out: set[str]) -> None:
    if not left_out:
        return
    shown = sorted(left_out)[:_MAX_NAMES]
    more = len(left_out) - len(shown)
    print_log(
        f'{name}: tensors and plain values are loaded, and not '
        + ', '.join(text[:100] for text in shown)
        + (f' and {more} more' if more else ''),
        logger='current',
    )


def _register() -> None:
    for name, prefixes in _PREFIXES.items():
        loader = _safe(getattr(mmengine_loaders, name))
        CheckpointLoader.register_scheme(prefixes, loader, force=True)


_register()
