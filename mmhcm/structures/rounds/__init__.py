"""Mined rounds and their errors."""

from .error_boxes import DetectedImage, find_errors
from .error_kinds import (
    BACKGROUND,
    BOTH,
    CLASS,
    ERROR_KINDS,
    LOCALIZATION,
    MISSED,
)
from .hard_chips import (
    ErrorBox,
    HardChipError,
    HardChipRound,
    MinedCanvas,
    read_round,
    write_round,
)

__all__ = [
    'BACKGROUND',
    'BOTH',
    'CLASS',
    'ERROR_KINDS',
    'LOCALIZATION',
    'MISSED',
    'DetectedImage',
    'ErrorBox',
    'HardChipError',
    'HardChipRound',
    'MinedCanvas',
    'find_errors',
    'read_round',
    'write_round',
]
