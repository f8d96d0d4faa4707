"""Whole-or-nothing file writing, and fingerprints of a file's inputs."""

import errno
import hashlib
import json
import os
import platform
import tempfile
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import IO, Any

import numpy as np
from filelock import lock_descriptor

# Windows cannot rename or remove an open file, so no lock is needed.
_IS_WINDOWS = os.name == 'nt'
# Files of dead writers are removed at once by runs on the same machine, and
# after a day by runs on other machines and on Windows, because not every
# shared disk shows one machine the locks of another.
_HOST = f'{zlib.crc32(platform.node().encode()):08x}'
_SUFFIX = '.mmhcm.tmp'
_MAX_AGE_S = 24 * 3600
_MAX_TRIALS = 100
#: errno values of a full, failing, missing or read-only disk.
DISK_ERRORS = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS),
    *(errno.ENODEV, errno.ENXIO, errno.ESTALE),
}


@contextmanager
def atomic_write(path: str | Path) -> Iterator[IO[bytes]]:
    """Open a binary file that appears under ``path`` whole or not at all.

    The bytes are written to a temporary file next to ``path``. When the block
    ends, the file is flushed to the disk and renamed. If the block raises, the
    temporary file is removed and an existing file at ``path`` is unchanged.
    Temporary files of killed processes in the folder are removed.

    Raises:
        OSError: the directory cannot be written or the disk is full; the
            message names ``path``, or the file that blocks its folder.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers_once(str(path.parent))
    name = ''
    try:
        handle, name = _open_temporary(path)
        with os.fdopen(handle, 'wb') as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            Path(name).chmod(0o666 & ~_umask())
            if not _IS_WINDOWS:
                # Before the file is closed, which releases the lock.
                Path(name).replace(path)
        if _IS_WINDOWS:
            Path(name).replace(path)
        _sync_folder(path.parent)
    except BaseException as error:
        if name:
            with suppress(OSError):
                Path(name).unlink()
        cause = _disk_error(error, name)
        if cause is not None:
            raise OSError(cause.errno, cause.strerror, str(path)) from error
        raise


@contextmanager
def naming(path: str | Path) -> Iterator[None]:
    """Add a file's name to disk errors without a file name."""
    try:
        yield
    except OSError as error:
        if error.errno is None or error.filename is not None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def remove_leftovers(folder: str | Path) -> None:
    """Remove temporary files of dead writers from a folder."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith('.') and entry.name.endswith(_SUFFIX):
                with suppress(OSError):
                    _remove_unlocked(entry)


# Once, because a folder may receive a hundred thousand images.
_remove_leftovers_once = cache(remove_leftovers)


def _remove_unlocked(entry: os.DirEntry) -> None:
    is_own = entry.name.removesuffix(_SUFFIX).endswith(f'-{_HOST}')
    is_new = time.time() - entry.stat().st_mtime < _MAX_AGE_S
    if is_new and (_IS_WINDOWS or not is_own):
        return
    if _IS_WINDOWS:
        Path(entry.path).unlink()
        return
    handle = os.open(entry.path, os.O_RDWR)
    try:
        # A live writer holds the lock of its file.
        if lock_descriptor(handle, blocking=False):
            Path(entry.path).unlink()
    finally:
        os.close(handle)


def _open_temporary(path: Path) -> tuple[int, str]:
    """Create a temporary file, locked as long as its writer lives."""
    for _ in range(_MAX_TRIALS):
        handle, name = tempfile.mkstemp(
            dir=path.parent,
            prefix=f'.{path.name[:50]}.',
            suffix=f'-{_HOST}{_SUFFIX}',
        )
        if _IS_WINDOWS:
            return handle, name
        # Some disks have no locks; no process removes files there either.
        with suppress(OSError):
            lock_descriptor(handle)
        # Before the lock, another process may have removed the file.
        if os.fstat(handle).st_nlink:
            return handle, name
        os.close(handle)
    raise OSError(errno.EEXIST, 'its temporary files vanish', str(path))


def _sync_folder(folder: Path) -> None:
    """Flush the folder, so that the new name survives a power failure."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | getattr(os, 'O_DIRECTORY', 0))
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _disk_error(error: BaseException, temporary: str) -> OSError | None:
    """Find the disk error behind an error, unless it is of another file.

    Writers of archives hide the disk error behind errors of their own, because
    they try to finish the archive.
    """
    if not isinstance(error, Exception):
        return None
    seen: BaseException | None = error
    while seen is not None:
        if (
            isinstance(seen, OSError)
            and seen.errno is not None
            and (seen is error or seen.errno in DISK_ERRORS)
        ):
            # Without a temporary file, its creation has failed.
            is_own = not temporary or seen.filename in (None, temporary)
            return seen if is_own else None
        seen = seen.__cause__ or seen.__context__
    return None


def file_stamp(path: str | Path | int) -> tuple[int, int]:
    """Return length in bytes and time of change in ns; zeros if absent.

    Args:
        path: The file, or the descriptor of an open file.
    """
    try:
        stat = os.stat(path)  # noqa: PTH116  (faster, and of open files)
    except OSError:
        return 0, 0
    return stat.st_size, stat.st_mtime_ns


def fingerprint(*parts: Any) -> str:
    """Return a hex digest of arrays, bytes and plain values, in order.

    Equal inputs give equal digests on every machine and process. Tuples and
    lists with equal items are equal.

    Raises:
        TypeError: a part is of another type, or an array of objects.
    """
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            if part.dtype.hasobject:
                # The array's bytes are addresses that differ by process.
                raise TypeError('an array of objects has no fingerprint')
            digest.update(f'{part.dtype.str}{part.shape}'.encode())
            digest.update(np.ascontiguousarray(part).tobytes())
        elif isinstance(part, bytes):
            digest.update(b'bytes%d:' % len(part))
            digest.update(part)
        else:
            digest.update(json.dumps(part, sort_keys=True).encode())
        digest.update(b'\0')
    return digest.hexdigest()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
