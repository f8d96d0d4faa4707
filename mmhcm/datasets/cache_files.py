"""Caches, which are worth a warning but no run when a disk takes none."""

import logging
from collections.abc import Callable
from pathlib import Path

from mmengine.logging import print_log


def write_cache(path: str | Path, write: Callable[[], object]) -> bool:
    """Write a cache, or warn that the next run has to make it again.

    Args:
        path: The file, for the warning.
        write: Writes it, whole or not at all.

    Returns:
        Whether it is written.
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
