"""Hook that limits checkpoints to tensors and plain Python values."""

from typing import Any

import numpy as np
import torch
from mmdet.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.logging import HistoryBuffer
from mmengine.runner import Runner

# Makes MMEngine load safely, wherever a run is started from.
import mmhcm.engine.checkpoints.safe_loading  # noqa: F401

_BUFFER = '__history_buffer__'


@HOOKS.register_module()
class PlainCheckpointHook(Hook):
    """Hook that writes checkpoints for torch's safe loader, resume included.

    MMEngine stores its message hub in checkpoints. The hub contains
    ``HistoryBuffer`` objects and NumPy scalars, which torch's safe loader
    refuses. This hook writes buffers as tensors and scalars as numbers, and
    restores the buffers when a checkpoint is loaded.

    Runs at priority VERY_HIGH, so that the buffers are restored before
    anything reads the hub. On saving the order does not matter, because no
    other hook changes the hub.
    """

    priority = 'VERY_HIGH'

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Replace buffers and NumPy values by plain values, in place."""
        for key in ('message_hub', 'meta', 'param_schedulers'):
            if key in checkpoint:
                checkpoint[key] = to_plain(checkpoint[key])

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Restore the message hub's buffers, in place."""
        if 'message_hub' in checkpoint:
            checkpoint['message_hub'] = from_plain(checkpoint['message_hub'])


def to_plain(value: Any) -> Any:
    """Replace buffers, arrays and NumPy scalars recursively."""
    if isinstance(value, HistoryBuffer):
        log_history, count_history = value.data
        return {
            _BUFFER: [
                value.max_length,
                torch.from_numpy(log_history.copy()),
                torch.from_numpy(count_history.copy()),
            ]
        }
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, dict):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        plain = (to_plain(item) for item in value)
        return list(plain) if isinstance(value, list) else tuple(plain)
    return value


def from_plain(value: Any) -> Any:
    """Undo ``to_plain`` for buffers; other values stay plain."""
    if isinstance(value, dict):
        if value.keys() == {_BUFFER}:
            max_length, log_history, count_history = value[_BUFFER]
            # A checkpoint may be loaded onto a GPU.
            return HistoryBuffer(
                torch.as_tensor(log_history).cpu().numpy(),
                torch.as_tensor(count_history).cpu().numpy(),
                max_length,
            )
        return {key: from_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        items = (from_plain(item) for item in value)
        return list(items) if isinstance(value, list) else tuple(items)
    return value
