"""Chips: scales, grids, covers, projection."""

from .comparators import background_chips, negative_chips
from .covering import COVERS, Chips, check_cover, generate_chips
from .projection import count_taught_objects, project_to_chip
from .proposals import propose_scales
from .scales import ChipScale, check_scales, valid_objects

__all__ = [
    'COVERS',
    'ChipScale',
    'Chips',
    'background_chips',
    'check_cover',
    'check_scales',
    'count_taught_objects',
    'generate_chips',
    'negative_chips',
    'project_to_chip',
    'propose_scales',
    'valid_objects',
]
