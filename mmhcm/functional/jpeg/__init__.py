"""Partial decoding of JPEG files."""

from .crop import crop_jpeg, mark_of, units_around
from .layout import JpegLayout, is_cut_short, read_layout
from .scan import MARK, find_marks, num_marks

__all__ = [
    'MARK',
    'JpegLayout',
    'crop_jpeg',
    'find_marks',
    'is_cut_short',
    'mark_of',
    'num_marks',
    'read_layout',
    'units_around',
]
