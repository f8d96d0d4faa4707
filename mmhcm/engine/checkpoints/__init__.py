"""Finding, checking and loading of checkpoint files."""

from .files import (
    check_checkpoint,
    existing_checkpoint,
    latest_checkpoint,
    load_checkpoint,
    recorded_classes,
)
from .initial_weights import (
    check_initial_weights,
    keep_initial_weights,
    restore_initial_weights,
)
from .safe_loading import load_plain

__all__ = [
    'check_checkpoint',
    'check_initial_weights',
    'existing_checkpoint',
    'keep_initial_weights',
    'latest_checkpoint',
    'load_checkpoint',
    'load_plain',
    'recorded_classes',
    'restore_initial_weights',
]
