"""Checkpoint files: finding them, and whether they fit."""

from pathlib import Path
from typing import Any

import torch
from mmengine.model import BaseTTAModel, is_model_wrapper
from torch import nn

_SCHEMES = ('http://', 'https://')


def existing_checkpoint(path: str) -> str:
    """Return the path of a checkpoint if it is a file, or an address.

    Raises:
        FileNotFoundError: there is no such file.
    """
    if not path.startswith(_SCHEMES) and not Path(path).is_file():
        raise FileNotFoundError(f'no checkpoint at {path}')
    return path


def check_checkpoint(path: str, model: nn.Module) -> None:
    """Make sure that a checkpoint holds the weights of a model.

    MMEngine leaves weights that do not fit as they are, with a warning.

    Args:
        path: A file. Addresses are left to MMEngine.
        model: The model, maybe in a wrapper.

    Raises:
        OSError: the file cannot be read.
        ValueError: not a checkpoint, or not one of this model.
    """
    if path.startswith(_SCHEMES):
        return
    weights = _state_dict(path)
    detector: Any = model
    while is_model_wrapper(detector) or isinstance(detector, BaseTTAModel):
        detector = detector.module
    expected = detector.state_dict()
    misfits = [
        name
        for name in sorted(expected.keys() | weights.keys())
        if name not in weights
        or name not in expected
        or expected[name].shape != weights[name].shape
    ]
    if misfits:
        raise ValueError(
            f"{path} is of another model than the config's: {len(misfits)} "
            f'of {len(expected)} weights do not fit, first {misfits[0]}'
        )


def latest_checkpoint(work_dir: str | Path) -> str | None:
    """Path of the newest checkpoint in a work directory, None without any.

    Raises:
        FileNotFoundError: the work directory names one that is not there.
    """
    note = Path(work_dir) / 'last_checkpoint'
    if not note.is_file():
        return None
    path = Path(note.read_text().strip())
    if path.is_file():
        return str(path)
    # The directory may have been moved.
    if (moved := note.parent / path.name).is_file():
        return str(moved)
    raise FileNotFoundError(f'{note} names {path}, which is not there')


def _state_dict(path: str | Path) -> dict[str, Any]:
    try:
        checkpoint = torch.load(
            path, map_location='cpu', weights_only=True, mmap=True
        )
    except OSError:
        raise
    # Which error a broken file gives depends on where it is broken.
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(
            f'{path} is not a checkpoint that can be loaded safely: {reason}'
        ) from error
    weights = checkpoint
    if isinstance(checkpoint, dict):
        weights = checkpoint.get('state_dict', checkpoint)
    if not isinstance(weights, dict) or not all(
        isinstance(value, torch.Tensor) for value in weights.values()
    ):
        raise ValueError(f'{path} holds no weights of a model')
    return weights
