"""Pasting of objects from an object pool."""

from .balance import capped_weights, class_weights, instance_counts, use_caps
from .blending import compile_blending
from .cutouts import clear_window, covered_shares, shared_boxes
from .looks import ImageLook, surround_looks
from .painting import apply_pastes, paste_areas, paste_boxes
from .patch_choice import patch_traits
from .placement import compile_planning, plan_pastes
from .pool_index import index_pool
from .recipe import Paste, PasteOptions, PastePlan
from .resampling import (
    OwnObjects,
    num_resampled,
    perspective_scales,
    perspective_slope,
    plan_resampling,
)
from .views import aspect_sums, log_aspects_of

__all__ = [
    'ImageLook',
    'OwnObjects',
    'Paste',
    'PasteOptions',
    'PastePlan',
    'apply_pastes',
    'aspect_sums',
    'capped_weights',
    'class_weights',
    'clear_window',
    'compile_blending',
    'compile_planning',
    'covered_shares',
    'index_pool',
    'instance_counts',
    'log_aspects_of',
    'num_resampled',
    'paste_areas',
    'paste_boxes',
    'patch_traits',
    'perspective_scales',
    'perspective_slope',
    'plan_pastes',
    'plan_resampling',
    'shared_boxes',
    'surround_looks',
    'use_caps',
]
