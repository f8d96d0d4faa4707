"""Start and end of runs, on one rank or many."""

from .launch import (
    add_config_arguments,
    add_mode_arguments,
    build_runner,
    check_mining_hooks,
    image_sizes,
    innermost_dataset,
    join_processes,
    load_config,
    submit_only,
    use_mode,
)
from .options import ConfigAction
from .run_lock import hold_lock, only_run_in

__all__ = [
    'ConfigAction',
    'add_config_arguments',
    'add_mode_arguments',
    'build_runner',
    'check_mining_hooks',
    'hold_lock',
    'image_sizes',
    'innermost_dataset',
    'join_processes',
    'load_config',
    'only_run_in',
    'submit_only',
    'use_mode',
]
