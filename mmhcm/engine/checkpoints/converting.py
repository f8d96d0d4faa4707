"""Conversion of foreign checkpoints to tensors and plain values.

MMDetection's published checkpoints hold objects of MMEngine, which torch's
safe loader refuses. They are unpickled once, here, and nowhere else.
"""

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from mmhcm.structures.files import atomic_write, one_line

from .safe_loading import load_plain


@dataclass(frozen=True)
class Converted:
    """Contents of a converted checkpoint.

    Attributes:
        num_weights: Number of tensors.
        meta: Other values that were kept.
        left_out: Names of the values that were not kept, sorted.
    """

    num_weights: int
    meta: dict[str, Any]
    left_out: tuple[str, ...]


def convert_checkpoint(source: str | Path, out: str | Path) -> Converted:
    """Keep the weights of a checkpoint, its classes, epoch and iteration.

    Args:
        source: A checkpoint of MMDetection or of torch. It must be trusted:
            unpickling runs any program in it.
        out: The file to write, whole or not at all.

    Raises:
        OSError: a file cannot be read or written.
        ValueError: ``source`` is no checkpoint with weights, or is ``out``.
    """
    if Path(out).exists() and Path(out).samefile(source):
        raise ValueError(
            f'{out} is the checkpoint to convert: name another output'
        )
    checkpoint = _unpickle(source)
    if not isinstance(checkpoint, Mapping):
        raise ValueError(f'{source} holds no weights of a model')
    weights = checkpoint.get('state_dict', checkpoint)
    if not isinstance(weights, Mapping):
        raise ValueError(f'{source} holds no weights of a model')
    tensors = {
        str(name): value.detach().clone()
        for name, value in weights.items()
        if isinstance(value, torch.Tensor)
    }
    if not tensors:
        raise ValueError(f'{source} holds no weights of a model')
    found = checkpoint.get('meta')
    found = found if isinstance(found, Mapping) else {}
    meta = _plain_meta(found)
    left_out = {f'meta.{name}' for name in found} - {
        f'meta.{name}' for name in meta
    }
    left_out |= {str(name) for name in weights} - tensors.keys()
    if weights is not checkpoint:
        left_out |= {str(name) for name in checkpoint} - {'state_dict', 'meta'}
    with atomic_write(out) as file:
        torch.save({'meta': meta, 'state_dict': tensors}, file)
    load_plain(out)
    return Converted(len(tensors), meta, tuple(sorted(left_out)))


def _unpickle(path: str | Path) -> Any:
    """Load a trusted file, running the code in it."""
    with Path(path).open('rb') as file:
        try:
            return torch.load(file, map_location='cpu', weights_only=False)
        except OSError:
            raise
        except (ImportError, AttributeError) as error:
            raise ValueError(
                f'{path} needs a missing package: {one_line(error, 150)}'
            ) from error
        # A program in the file, or a damaged file, may raise anything.
        except (Exception, pickle.UnpicklingError) as error:
            raise ValueError(
                f'{path} cannot be loaded as a checkpoint: '
                + one_line(error, 150)
            ) from error


def _plain_meta(meta: Mapping[str, Any]) -> dict[str, Any]:
    """Return epoch, iteration and classes, if present."""
    plain: dict[str, Any] = {}
    for name in ('epoch', 'iter'):
        try:
            plain[name] = int(meta[name])
        except (KeyError, TypeError, ValueError):
            continue
    dataset = meta.get('dataset_meta')
    if not isinstance(dataset, Mapping):
        dataset = {}
    # MMDetection 2 had them in capitals at the top.
    classes = dataset.get('classes', meta.get('CLASSES'))
    if isinstance(classes, list | tuple):
        plain['dataset_meta'] = {'classes': tuple(map(str, classes))}
    return plain
