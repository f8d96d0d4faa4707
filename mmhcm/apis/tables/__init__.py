"""Tables whose rows are trained, tested and scored."""

from .rows import Row, Start, Table, read_table
from .runner import TableRunner
from .settings import LAUNCHERS, RunSettings

__all__ = [
    'LAUNCHERS',
    'Row',
    'RunSettings',
    'Start',
    'Table',
    'TableRunner',
    'read_table',
]
