"""Tables whose rows are trained, tested and scored."""

from .rows import Row, Start, Table, read_table
from .runner import TableRunner
from .settings import RunSettings

__all__ = [
    'Row',
    'RunSettings',
    'Start',
    'Table',
    'TableRunner',
    'read_table',
]
