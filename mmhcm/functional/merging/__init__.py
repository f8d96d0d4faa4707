"""Merging of the detections of one image."""

from .ensemble import check_weights, fuse_detections
from .merge import merge_scales
from .slices import (
    check_slices,
    cut_detections,
    slice_windows,
    touch_inner_borders,
)
from .suppression import Detections, nms, soft_nms

__all__ = [
    'Detections',
    'check_slices',
    'check_weights',
    'cut_detections',
    'fuse_detections',
    'merge_scales',
    'nms',
    'slice_windows',
    'soft_nms',
    'touch_inner_borders',
]
