"""Checkpoint files: finding, checking, loading and converting them."""

from .converting import convert_checkpoint
from .files import check_checkpoint, existing_checkpoint, latest_checkpoint
from .initial_weights import (
    check_initial_weights,
    keep_initial_weights,
    restore_initial_weights,
)
from .safe_loading import load_plain

__all__ = [
    'check_checkpoint',
    'check_initial_weights',
    'convert_checkpoint',
    'existing_checkpoint',
    'keep_initial_weights',
    'latest_checkpoint',
    'load_plain',
    'restore_initial_weights',
]
