"""Checkpoint files of a run, and checks that they fit a model."""

import logging
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from mmengine.logging import print_log
from mmengine.runner import CheckpointLoader
from torch import nn

from mmhcm.engine.wrappers import unwrap

from .safe_loading import load_plain

#: Scheme of a web address, or of a name such as ``open-mmlab://``.
_SCHEME = re.compile(r'[\w+.:-]+://')


def existing_checkpoint(path: str) -> str:
    """Return the path of a checkpoint: an existing file, or an address.

    Raises:
        FileNotFoundError: the file does not exist.
    """
    if not _SCHEME.match(path) and not Path(path).is_file():
        raise FileNotFoundError(f'no checkpoint at {path}')
    return path


def load_checkpoint(path: str) -> Any:
    """Load the tensors and plain values of a file or an address.

    Raises:
        OSError: the file cannot be read.
        ValueError: the file is damaged, or no checkpoint.
    """
    if _SCHEME.match(path):
        return CheckpointLoader.load_checkpoint(path, 'cpu')
    return load_plain(path)


def check_checkpoint(
    path: str, model: nn.Module, classes: Sequence[str] | None = None
) -> None:
    """Make sure that a checkpoint holds the weights of a model.

    MMEngine only warns about weights that do not fit, and tests with
    non-finite weights, which detect nothing.

    Args:
        path: A file, or an address that MMEngine loads from.
        model: The model, maybe in a wrapper.
        classes: Classes that the model is used for, in order of the labels.
            Defaults to None: classes are not compared. Classes are not
            compared either if the checkpoint records no classes.

    Raises:
        OSError: the file cannot be read.
        ValueError: the file is no checkpoint, or belongs to another model or
            other classes, or some of the weights are not finite.
    """
    checkpoint = load_checkpoint(path)
    weights = _state_dict(path, checkpoint)
    expected = unwrap(model).state_dict()
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
    for name, weight in weights.items():
        if weight.is_floating_point() and not weight.isfinite().all():
            raise ValueError(
                f'{path} holds weights that are NaN or infinite, first {name}'
            )
    if classes is not None:
        _check_classes(path, checkpoint, list(classes))


def _check_classes(path: str, checkpoint: Any, classes: list[str]) -> None:
    """Compare the classes recorded in a checkpoint with a list."""
    recorded = recorded_classes(checkpoint)
    if recorded is None or recorded == classes:
        return
    if len(recorded) != len(classes):
        what = f'{len(recorded)} classes, the data set has {len(classes)}'
    else:
        label = [a == b for a, b in zip(recorded, classes, strict=True)].index(
            False
        )
        what = (
            f'other classes than the data set: label {label} is '
            f'{recorded[label]!r}, not {classes[label]!r}'
        )
    raise ValueError(f'{path} was trained on {what}')


def recorded_classes(checkpoint: Any) -> list[str] | None:
    """Return the class names recorded in a checkpoint; None if there are none.

    MMDetection 3 stores the names in ``meta.dataset_meta.classes``, its first
    releases in ``meta.dataset_meta.CLASSES``, MMDetection 2 in
    ``meta.CLASSES``.
    """
    meta = checkpoint.get('meta') if isinstance(checkpoint, dict) else None
    if not isinstance(meta, dict):
        return None
    dataset_meta = meta.get('dataset_meta')
    places = (dataset_meta if isinstance(dataset_meta, dict) else {}, meta)
    for place in places:
        for key in ('classes', 'CLASSES'):
            if isinstance(place.get(key), list | tuple):
                return [str(name) for name in place[key]]
    return None


def latest_checkpoint(work_dir: str | Path) -> str | None:
    """Return the newest intact checkpoint of a run; None if there is none.

    The newest checkpoint is the checkpoint named in ``last_checkpoint``. If
    that checkpoint is damaged or missing, the latest checkpoint before it is
    taken; without ``last_checkpoint``, the latest checkpoint of all.

    Raises:
        FileNotFoundError: ``last_checkpoint`` names a file that does not
            exist, and the work directory has no earlier checkpoint.
        ValueError: no checkpoint of the work directory is intact.
    """
    folder = Path(work_dir)
    noted = _noted(folder)
    candidates = _earlier(folder, noted)
    if noted is not None and noted.is_file():
        candidates.insert(0, noted)
    for path in candidates:
        if _is_whole(path):
            if path != noted:
                print_log(
                    f'{noted or "last_checkpoint"} is damaged or gone: '
                    f'{path} is the newest whole checkpoint',
                    logger='current',
                    level=logging.WARNING,
                )
            return str(path)
    if candidates:
        raise ValueError(
            f'{candidates[0]} is damaged, and {folder} holds no checkpoint '
            'that is whole'
        )
    if noted is not None:
        note = folder / 'last_checkpoint'
        raise FileNotFoundError(
            f'{note} names {note.read_text().strip()}, which does not exist'
        )
    return None


def _noted(folder: Path) -> Path | None:
    """Return the checkpoint named in ``last_checkpoint``, if any."""
    note = folder / 'last_checkpoint'
    text = note.read_text().strip() if note.is_file() else ''
    if not text:
        return None
    path = Path(text)
    # The directory may have been moved.
    return path if path.is_file() else folder / path.name


def _earlier(folder: Path, noted: Path | None) -> list[Path]:
    """List the checkpoints before ``noted``, the latest first.

    Checkpoints after ``noted`` were abandoned when the run was resumed from an
    earlier checkpoint.
    """
    limit = None if noted is None else _step(noted)
    steps = {path: _step(path) for path in folder.glob('*.pth')}
    known = {
        path: step
        for path, step in steps.items()
        if step is not None and (limit is None or step < limit)
    }
    return sorted(known, key=lambda path: known[path], reverse=True)


def _step(path: Path) -> int | None:
    """Read the epoch or iteration of a checkpoint from its name."""
    found = re.fullmatch(r'(?:epoch|iter)_(\d+)\.pth', path.name)
    return None if found is None else int(found[1])


def _is_whole(path: Path) -> bool:
    """Check whether a checkpoint is an archive with correct checksums.

    Torch's loader compares no checksums.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except (OSError, zipfile.BadZipFile):
        return False


def _state_dict(path: str | Path, checkpoint: Any) -> dict[str, Any]:
    weights = checkpoint
    if isinstance(checkpoint, dict):
        weights = checkpoint.get('state_dict', checkpoint)
    if not isinstance(weights, dict) or not all(
        isinstance(value, torch.Tensor) for value in weights.values()
    ):
        raise ValueError(f'{path} holds no weights of a model')
    return weights
