"""Pasting of objects from a pool."""

from .balance import class_weights, instance_counts
from .blending import compile_blending
from .painting import apply_pastes, paste_areas
from .placement import plan_pastes
from .pool_index import index_pool
from .recipe import Paste, PasteOptions

__all__ = [
    'Paste',
    'PasteOptions',
    'apply_pastes',
    'class_weights',
    'compile_blending',
    'index_pool',
    'instance_counts',
    'paste_areas',
    'plan_pastes',
]
