"""One run at a time in a work directory."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mmhcm.datasets import on_main_process

_NAME = '.run.lock'
_BUSY = {errno.EWOULDBLOCK, errno.EAGAIN}
_held: set[int] = set()


@contextmanager
def only_run_in(folder: str | Path) -> Iterator[None]:
    """Keep other runs out of a folder, by a lock of the main process.

    The lock ends with the process, however it ends. A disk that has no locks
    stops nobody.

    Args:
        folder: Made if it is absent. Its lock file stays there.

    Raises:
        OSError: another run is in the folder; on all ranks.
    """
    handle = on_main_process(lambda: _lock(Path(folder)))
    try:
        yield
    finally:
        if handle in _held:
            _held.remove(handle)
            os.close(handle)


def _lock(folder: Path) -> int | None:
    """Lock a folder; None where it cannot be."""
    handle = None
    # What is wrong with the folder, its first real file will tell.
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / _NAME, os.O_RDWR | os.O_CREAT, 0o666)
    if handle is None:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        if error.errno in _BUSY:
            raise OSError(f'another run is writing into {folder}') from error
        return None
    _held.add(handle)
    return handle


def _leave_to_parent() -> None:
    """Let go of the parent's locks.

    Workers of a run that was killed may outlive it, and a lock lasts as long
    as any process has its file open.
    """
    for handle in _held:
        os.close(handle)
    _held.clear()


os.register_at_fork(after_in_child=_leave_to_parent)
