"""Archives of data, unpacked within bounds and inside their folder."""

import lzma
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from .files import one_line

#: Limits far above the annotations of any data set, low enough that a hostile
#: archive does not fill the disk.
MAX_FILES = 1_000_000
MAX_TOTAL_BYTES = 4 << 30
#: Errors of tarfile and the decoders for damaged bytes; an OSError of a
#: decoder has no errno.
_DAMAGES = (
    tarfile.TarError,
    lzma.LZMAError,
    zlib.error,
    EOFError,
    ArithmeticError,
    LookupError,
    RecursionError,
    ValueError,
)


class ArchiveError(ValueError):
    """Error of an archive that is damaged or must not be unpacked."""


def unpack_tar(path: str | Path, folder: str | Path) -> None:
    """Unpack the files and folders of a tar archive, compressed or not.

    Args:
        path: The archive.
        folder: An empty folder; after an error, the folder may hold some of
            the files.

    Raises:
        ArchiveError: the file is not a tar archive, is damaged, is too large,
            or holds a name outside of ``folder``, a duplicate name, or an
            entry other than a file or folder.
        OSError: a file cannot be read or written.
    """
    try:
        with tarfile.open(path) as tar:
            tar.extractall(folder, _bounded(tar), filter='data')
            _check_end(tar)
    except (OSError, *_DAMAGES) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise ArchiveError(f'{path}: {one_line(error)}') from error


def _bounded(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Yield the members of an archive; raise at the first invalid member."""
    seen: set[str] = set()
    total = 0
    for member in tar:
        name = ascii(member.name[:150])
        if not (member.isdir() or member.isreg()) or member.issparse():
            raise ArchiveError(f'{name} is neither a file nor a folder')
        key = str(Path(member.name)).casefold()
        if key in seen and not member.isdir():
            raise ArchiveError(f'{name} is there twice')
        seen.add(key)
        total += member.size
        if len(seen) > MAX_FILES or total > MAX_TOTAL_BYTES:
            raise ArchiveError(
                f'more than {MAX_FILES} files or {MAX_TOTAL_BYTES} bytes'
            )
        yield member


def _check_end(tar: tarfile.TarFile) -> None:
    """Read to the end to verify checksums; tarfile stops at a bad header."""
    assert tar.fileobj is not None, 'the archive is open'
    tar.fileobj.seek(tar.offset)
    if tar.fileobj.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
        raise ArchiveError('damaged or cut short')
    while tar.fileobj.read(1 << 20):
        pass
