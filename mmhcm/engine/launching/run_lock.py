"""Locks that keep a second process out of a folder."""

import os
import platform
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from filelock import FileLock, SoftFileLock, Timeout

from mmhcm.datasets import on_main_process

_NAME = '.run.lock'


@contextmanager
def only_run_in(folder: str | Path) -> Iterator[None]:
    """Keep other runs out of a folder, by a lock of the main process.

    Args:
        folder: Folder of the run, created if absent. The lock file is not
            removed.

    Raises:
        OSError: another run uses the folder; raised on all ranks.
    """
    folder = Path(folder)
    refusal = f'another run is writing into {folder}'
    with ExitStack() as stack:

        def enter() -> None:
            stack.enter_context(hold_lock(folder / _NAME, refusal))

        on_main_process(enter)
        yield


@contextmanager
def hold_lock(path: Path, refusal: str) -> Iterator[None]:
    """Hold a lock file.

    The lock ends with the process, even if the process is killed; workers that
    outlive the process do not keep the lock. On a disk without locks, no
    process is kept out.

    Args:
        path: The lock file. The file and its folder are created if absent.
        refusal: Message of the error, to which the holder is added.

    Raises:
        OSError: another process, or another part of this process, holds the
            lock.
    """
    lock = FileLock(path)
    # The first other file written to an unusable folder reports the error.
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        lock.acquire(blocking=False)
    except Timeout as error:
        raise OSError(refusal + _read_holder(path)) from error
    except OSError:
        pass
    else:
        # The file of a soft lock has content of its own.
        if not isinstance(lock, SoftFileLock):
            _write_holder(path)
    try:
        yield
    finally:
        lock.release()


def _write_holder(path: Path) -> None:
    """Write number and machine of this process into a lock file."""
    holder = f'process {os.getpid()} on {platform.node()}'
    with suppress(OSError):
        path.write_text(holder, encoding='utf-8')


def _read_holder(path: Path) -> str:
    """Read the process that holds a lock; '' if the file cannot be read."""
    # On Windows, no other process can read a locked file.
    with suppress(OSError, UnicodeDecodeError):
        holder = path.read_text(encoding='utf-8').partition('\n')[0]
        return f' ({holder})' if holder else ''
    return ''
