"""Partial decoding of JPEG files."""

from .crop import crop_jpeg, offset_index, units_around
from .layout import JpegLayout, is_cut_short, read_layout
from .scan import RESTART_OFFSET, find_restart_offsets, num_restart_offsets

__all__ = [
    'RESTART_OFFSET',
    'JpegLayout',
    'crop_jpeg',
    'find_restart_offsets',
    'is_cut_short',
    'num_restart_offsets',
    'offset_index',
    'read_layout',
    'units_around',
]
