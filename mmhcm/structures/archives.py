"""Archives of data, unpacked within bounds and inside their folder."""

import bz2
import errno
import gzip
import lzma
import tarfile
import unicodedata
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from .files import one_line

#: Far above the annotations of any data set, low enough that a hostile
#: archive fills neither disk nor memory.
MAX_FILES = 1_000_000
MAX_TOTAL_BYTES = 4 << 30
# Files are copied in small pieces; what asks for more is a header that claims
# a long name.
_MAX_READ = 1 << 20
_OPENERS: dict[bytes, Callable[..., Any]] = {
    b'\x1f\x8b': gzip.open,
    b'BZh': bz2.open,
    b'\xfd7zXZ\0': lzma.open,
}
# What tarfile and the decoders raise for wrong bytes; OSError without a
# number is one of them.
_DAMAGES = (
    tarfile.TarError,
    lzma.LZMAError,
    zlib.error,
    EOFError,
    ArithmeticError,
    LookupError,
    RecursionError,
    ValueError,
    OSError,
)
# Of names that no file can have beside the others.
_BAD_NAMES = {
    *(errno.EEXIST, errno.EISDIR, errno.ENOTDIR),
    *(errno.ENAMETOOLONG, errno.EINVAL),
}


class ArchiveError(ValueError):
    """An archive is damaged, or holds what must not be unpacked."""


def unpack_tar(path: str | Path, folder: str | Path) -> None:
    """Unpack the files and folders of a tar, perhaps compressed.

    Only names and contents are taken over, not modes, owners or times.

    Args:
        path: The tar.
        folder: A folder that is empty; when an error ends it, a part may
            have been unpacked.

    Raises:
        ArchiveError: it is no tar, damaged, too large, or holds a name
            outside of ``folder``, a name twice (upper and lower case are
            one), or something else than files and folders.
        OSError: a file cannot be read or written.
    """
    with _open(path) as content:
        reader = _Bounded(content)
        try:
            with tarfile.open(
                fileobj=cast(IO[bytes], reader), mode='r:'
            ) as tar:
                _unpack(tar, Path(folder))
            # tarfile takes any other header for the end, too.
            if reader.piece != bytes(tarfile.BLOCKSIZE):
                raise ArchiveError('it is damaged or cut short')
            # Checksums of what is compressed come last.
            while reader.read(_MAX_READ):
                pass
        except _DAMAGES as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            what = '' if isinstance(error, ArchiveError) else 'no sound tar: '
            raise ArchiveError(f'{path}: {what}{one_line(error)}') from error


def _open(path: str | Path) -> IO[bytes]:
    with Path(path).open('rb') as file:
        start = file.read(6)
    for magic, opener in _OPENERS.items():
        if start.startswith(magic):
            return cast(IO[bytes], opener(path))
    return Path(path).open('rb')


def _unpack(tar: tarfile.TarFile, folder: Path) -> None:
    seen: set[str] = set()
    while (member := tar.next()) is not None:
        name = ascii(member.name[:150])
        parts = PurePosixPath(member.name).parts
        if member.issparse() or not (member.isdir() or member.isreg()):
            raise ArchiveError(f'{name} is neither a file nor a folder')
        is_outside = member.name.startswith('/') or '..' in parts
        if is_outside or '\\' in member.name:
            raise ArchiveError(f'{name} may lie outside of its folder')
        key = unicodedata.normalize('NFC', '/'.join(parts)).casefold()
        if key in seen and not member.isdir():
            raise ArchiveError(f'{name} is there twice')
        seen.add(key)
        if len(seen) > MAX_FILES:
            raise ArchiveError(f'it holds more than {MAX_FILES} files')
        try:
            _write(tar, member, folder.joinpath(*parts))
        except OSError as error:
            if error.errno not in _BAD_NAMES:
                raise
            raise ArchiveError(f'{name}: {error.strerror}') from error
        # It would grow with the archive.
        cast(Any, tar).members.clear()


def _write(
    tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path
) -> None:
    (target if member.isdir() else target.parent).mkdir(
        parents=True, exist_ok=True
    )
    source = None if member.isdir() else tar.extractfile(member)
    if source is None:
        return
    with source, target.open('xb') as file:
        while piece := source.read(_MAX_READ // 4):
            try:
                file.write(piece)
            except OSError as error:
                raise OSError(
                    error.errno, error.strerror, str(target)
                ) from error


class _Bounded:
    """What is read from a decoder, from front to end, up to a limit."""

    def __init__(self, content: IO[bytes]) -> None:
        self._content = content
        self._position = 0
        self._again = b''
        #: What was read last.
        self.piece = b''

    def read(self, size: int = -1) -> bytes:
        """Read so many bytes, or what is left."""
        if not 0 <= size <= _MAX_READ:
            raise ArchiveError('a header claims a name beyond all')
        piece = self._again[:size]
        self._again = self._again[size:]
        piece += self._content.read(size - len(piece))
        self._position += len(piece)
        if self._position > MAX_TOTAL_BYTES:
            raise ArchiveError(f'it holds more than {MAX_TOTAL_BYTES} bytes')
        self.piece = piece
        return piece

    def seek(self, position: int) -> int:
        """Go on, or back by one byte, as tarfile does."""
        if position == self._position - 1 and self.piece:
            self._again, self._position = self.piece[-1:], position
            self.piece = b''
        if position < self._position:
            raise ArchiveError('a header points back')
        while self._position < position:
            if not self.read(min(position - self._position, _MAX_READ)):
                break
        return self._position

    def tell(self) -> int:
        """Position in what is expanded."""
        return self._position
