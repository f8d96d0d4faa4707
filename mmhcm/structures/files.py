"""Whole-or-nothing file writing, and fingerprints of what made a file."""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np


@contextmanager
def atomic_write(path: str | Path) -> Iterator[IO[bytes]]:
    """Open a binary file that appears under ``path`` whole or not at all.

    The bytes go to a temporary name beside ``path``, reach the disk, and are
    renamed when the block ends; if it raises, the temporary file is removed
    and a file that was at ``path`` stays as it was.

    Raises:
        OSError: the directory cannot be written or the disk is full; the
            message names ``path``.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(
        dir=path.parent, prefix=f'.{path.name}.', suffix='.tmp'
    )
    try:
        with os.fdopen(handle, 'wb') as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o666 & ~_umask())
        Path(name).replace(path)
    except BaseException as error:
        Path(name).unlink(missing_ok=True)
        # Without a number the error has a message of its own to keep.
        if (
            isinstance(error, OSError)
            and error.errno is not None
            and error.filename is None
        ):
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise


def fingerprint(*parts: Any) -> str:
    """Return a hex digest of arrays, bytes and plain values, in order.

    Equal inputs give equal digests on every machine and process. Tuples and
    lists count as the same.

    Raises:
        TypeError: a part is neither of these, or an array of objects.
    """
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            if part.dtype.hasobject:
                # Its bytes are addresses, other ones in every process.
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
