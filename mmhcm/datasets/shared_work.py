"""Work of the main process for all ranks, and cache files."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.logging import print_log

from mmhcm.structures.files import one_line

T = TypeVar('T')


class MainProcessError(OSError):
    """Failure of work of the main process that other ranks wait for."""


def on_main_process(action: Callable[[], T]) -> T:
    """Run an action on the main process; return its value on every rank.

    The other ranks wait for the value. If the action fails, all ranks fail,
    instead of waiting forever.

    Args:
        action: Function without arguments; its value can be pickled.

    Raises:
        MainProcessError: on the other ranks, if the action failed; the main
            process raises the action's error.
    """
    # Value and fault.
    outcome: list[Any] = [None, None]
    if not is_main_process():
        broadcast_object_list(outcome)
        if outcome[1] is not None:
            raise MainProcessError(f'rank 0: {outcome[1]}')
        return outcome[0]
    try:
        outcome[0] = action()
    except Exception as error:
        outcome[1] = one_line(error, None)
        broadcast_object_list(outcome)
        raise
    broadcast_object_list(outcome)
    return outcome[0]


def write_cache(path: str | Path, write: Callable[[], object]) -> bool:
    """Write a cache; warn if the next run has to build the cache again.

    Args:
        path: The file, for the warning.
        write: Writes the file atomically.

    Returns:
        True if the file is written.
    """
    try:
        write()
    except OSError as error:
        print_log(
            f'cannot write the cache {path} ({error}): goes on without it',
            logger='current',
            level=logging.WARNING,
        )
        return False
    return True
