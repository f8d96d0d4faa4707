"""Tables whose rows are trained, tested and scored."""

from .command import add_table_arguments, run_table

__all__ = [
    'add_table_arguments',
    'run_table',
]
