"""Checksums of many files, stored so that unchanged files are read once."""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .arrays import have_layout, map_arrays, write_arrays
from .atomic import file_stamp, fingerprint

VERSION = 1
_LAYOUT: dict[str, tuple[str, tuple[int | str, ...]]] = {
    'lengths': ('i8', ('n',)),
    'times': ('i8', ('n',)),
    'values': ('u4', ('n',)),
}
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class FileChecksums:
    """Checksums of n files; zeros for a file that cannot be read.

    Attributes:
        lengths: int64 (n,), bytes.
        times: int64 (n,), modification times, nanoseconds.
        values: uint32 (n,), CRC-32 of each file's bytes.
    """

    lengths: np.ndarray
    times: np.ndarray
    values: np.ndarray

    def stamps(self) -> np.ndarray:
        """Return lengths and times, int64 (n, 2), to detect changes."""
        return np.stack([self.lengths, self.times], axis=1)


def checksum_files(
    paths: Sequence[str | Path],
    kept: FileChecksums | None = None,
    progress: Callable[[int], object] | None = None,
) -> FileChecksums:
    """Compute the checksum of each file.

    Args:
        paths: The files.
        kept: Earlier checksums of the same paths; a file with the same length
            and time is not read again.
        progress: Called with 1 after each file.
    """
    stamps = np.array(list(map(file_stamp, paths)), np.int64).reshape(-1, 2)
    values = np.zeros(len(paths), dtype=np.uint32)
    known = np.zeros(len(paths), dtype=bool)
    if kept is not None:
        known = (stamps == kept.stamps()).all(axis=1)
        values[known] = kept.values[known]
    for ind, path in enumerate(paths):
        if not known[ind]:
            value = _checksum(path)
            if value is None:
                # So that the file is read again next time.
                stamps[ind] = 0
            else:
                values[ind] = value
        if progress is not None:
            progress(1)
    return FileChecksums(stamps[:, 0], stamps[:, 1], values)


def write_checksums(
    folder: str | Path, paths: Sequence[str | Path], found: FileChecksums
) -> None:
    """Write the checksums of these paths, whole or not at all."""
    digest = _digest(paths)
    write_arrays(
        checksums_path(folder, paths),
        f'file checksums {VERSION}',
        digest,
        {name: getattr(found, name) for name in _LAYOUT},
    )


def read_checksums(
    folder: str | Path, paths: Sequence[str | Path]
) -> FileChecksums | None:
    """Read the checksums of these paths; None if absent or damaged.

    Raises:
        ArrayFileError: the file is not a file of checksums.
    """
    arrays = map_arrays(
        checksums_path(folder, paths),
        f'file checksums {VERSION}',
        _digest(paths),
    )
    if arrays is None or not have_layout(arrays, _LAYOUT):
        return None
    found = FileChecksums(**arrays)
    return found if len(found.values) == len(paths) else None


def checksums_path(folder: str | Path, paths: Sequence[str | Path]) -> Path:
    """Return the path of the checksum file of these paths."""
    return Path(folder) / f'file_checksums_{_digest(paths)[:16]}.bin'


def _digest(paths: Sequence[str | Path]) -> str:
    return fingerprint(list(map(str, paths)))


def _checksum(path: str | Path) -> int | None:
    value = 0
    try:
        with Path(path).open('rb', buffering=0) as file:
            while block := file.read(_BLOCK_BYTES):
                value = zlib.crc32(block, value)
    except OSError:
        # A later reader of the file reports it.
        return None
    return value
