"""Start and end of runs, on one rank or many."""

from .configs import load_config
from .launch import build_runner, join_processes
from .options import ConfigAction
from .run_lock import hold_lock, only_run_in
from .testing import (
    draw_detections,
    dump_detections,
    image_sizes,
    innermost_dataset,
    submit_only,
    use_mode,
)

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
