"""Start and end of runs, on one rank or many."""

from .launch import (
    build_runner,
    draw_detections,
    dump_detections,
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
    'build_runner',
    'draw_detections',
    'dump_detections',
    'hold_lock',
    'image_sizes',
    'innermost_dataset',
    'join_processes',
    'load_config',
    'only_run_in',
    'submit_only',
    'use_mode',
]
