"""Mined rounds and the errors they are of."""

from .error_boxes import (
    BACKGROUND,
    CLASS,
    ERROR_KINDS,
    KIND_NAMES,
    MISSED,
    find_errors,
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
    'CLASS',
    'ERROR_KINDS',
    'KIND_NAMES',
    'MISSED',
    'ErrorBox',
    'HardChipError',
    'HardChipRound',
    'MinedCanvas',
    'find_errors',
    'read_round',
    'write_round',
]
