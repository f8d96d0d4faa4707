"""Chips: scales, grids, covers, projection."""

from .choice import choose_chips, class_weights
from .comparators import background_chips, negative_chips
from .error_cover import ErrorChips, cover_errors
from .object_cover import Chips, generate_chips
from .projection import count_learned_objects, project_to_chip
from .proposals import propose_scales
from .scales import ChipScale, check_scales, valid_objects

__all__ = [
    'ChipScale',
    'Chips',
    'ErrorChips',
    'background_chips',
    'check_scales',
    'choose_chips',
    'class_weights',
    'count_learned_objects',
    'cover_errors',
    'generate_chips',
    'negative_chips',
    'project_to_chip',
    'propose_scales',
    'valid_objects',
]
