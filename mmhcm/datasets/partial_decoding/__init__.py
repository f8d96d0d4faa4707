"""Decoding of the part of a JPEG image that a chip shows."""

from .parts import (
    Area,
    attach_offsets,
    has_offsets,
    image_origin,
    open_or_build_restart_offsets,
    put_part,
    take_part,
    whole_shape,
)
from .restart_offsets import RestartOffsets

__all__ = [
    'Area',
    'RestartOffsets',
    'attach_offsets',
    'has_offsets',
    'image_origin',
    'open_or_build_restart_offsets',
    'put_part',
    'take_part',
    'whole_shape',
]
