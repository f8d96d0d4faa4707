"""Pictures and videos that a command line names."""

import glob
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mmhcm.structures.fault_counter import FaultCounter
from mmhcm.structures.images import IMAGE_SUFFIXES

VIDEO_SUFFIXES = (
    *('.mp4', '.m4v', '.mov', '.avi', '.mkv', '.webm'),
    *('.mpg', '.mpeg', '.wmv', '.ts'),
)
_PASSED_OVER = 'files passed over, no pictures or videos by their names'


@dataclass(frozen=True)
class Source:
    """Picture or video to detect in.

    Attributes:
        path: The file.
        relative: Its path below the folder that all sources share, with '/'.
        name: Place of its outputs: the same without a suffix, if no other
            source has that name.
    """

    path: Path
    relative: str
    name: str

    @property
    def is_video(self) -> bool:
        """Flag of a video."""
        return self.path.suffix.lower() in VIDEO_SUFFIXES


def find_sources(
    names: Sequence[str], left_out: Path, counter: FaultCounter | None = None
) -> list[Source]:
    """Find the pictures and videos of files, folders and patterns.

    A folder stands for all pictures and videos in it and below it, by name;
    a file is taken whatever its suffix; hidden files are passed over.
    Outputs lie as their sources do below the deepest folder that all names
    share, so that equal names in different folders are kept apart.

    Args:
        names: Paths, or patterns with ``*``, ``?``, ``[...]`` and ``**``.
        left_out: Folder of drawn pictures, which is no source.
        counter: Counts files in folders that are passed over.

    Raises:
        FileNotFoundError: a path does not exist.
        ValueError: a folder or pattern gives no picture or video, or a file
            is below ``left_out``.
    """
    finder = _Finder(_absolute(left_out), counter or FaultCounter())
    for name in names:
        finder.add(name)
    base = Path(os.path.commonpath(finder.roots))
    paths = [path.relative_to(base) for path in finder.files]
    return [
        Source(path, relative.as_posix(), name)
        for path, relative, name in zip(
            finder.files, paths, _unique_stems(paths), strict=True
        )
    ]


class _Finder:
    """Collector of files, each once, and of the folders that names share."""

    def __init__(self, left_out: Path, counter: FaultCounter) -> None:
        self.left_out, self.counter = left_out, counter
        self.roots: list[Path] = []
        # A dict, since it keeps the order.
        self.files: dict[Path, None] = {}

    def add(self, name: str) -> None:
        """Add what a name stands for."""
        path = _absolute(name)
        # First, since a file may have the signs of a pattern in its name.
        if path.is_dir():
            found = self._below(path)
        elif path.exists():
            found = self._named(path)
        elif glob.has_magic(name):
            found = self._matching(name)
        else:
            raise FileNotFoundError(f'no picture, video or folder at {name}')
        if not found:
            raise ValueError(f'no pictures or videos in {name}')
        self.files.update(dict.fromkeys(found))

    def _named(self, path: Path) -> list[Path]:
        if self.left_out in path.parents:
            raise ValueError(
                f'{path} would be overwritten: choose another --out'
            )
        self.roots.append(path.parent)
        return [path]

    def _matching(self, pattern: str) -> list[Path]:
        found: list[Path] = []
        # Path.glob takes no pattern with a drive or a root.
        for name in sorted(glob.glob(pattern, recursive=True)):  # noqa: PTH207
            path = _absolute(name)
            if path.is_dir():
                found += self._below(path)
            elif self.left_out not in path.parents and self._is_usable(path):
                self.roots.append(path.parent)
                found.append(path)
        return found

    def _below(self, folder: Path) -> list[Path]:
        self.roots.append(folder)
        found: list[Path] = []
        for parent, folders, names in os.walk(folder):
            folders[:] = sorted(
                name
                for name in folders
                if not name.startswith('.')
                and Path(parent, name) != self.left_out
            )
            found += filter(
                self._is_usable, (Path(parent, name) for name in sorted(names))
            )
        return found

    def _is_usable(self, path: Path) -> bool:
        if path.suffix.lower() in (*IMAGE_SUFFIXES, *VIDEO_SUFFIXES):
            return not path.name.startswith('.')
        if not path.name.startswith('.'):
            self.counter.add(_PASSED_OVER, path)
        return False


def _absolute(path: str | Path) -> Path:
    """Make a path absolute and plain; links stay as they are."""
    return Path(os.path.abspath(path))  # noqa: PTH100


def _unique_stems(paths: Sequence[Path]) -> list[str]:
    """Name outputs after paths; those of one stem keep their suffix."""
    taken: set[str] = set()
    stems = []
    for path in paths:
        plain = path.with_suffix('').as_posix()
        with_suffix = f'{plain}_{path.suffix[1:]}'
        numbered = (f'{with_suffix}_{n}' for n in range(2, len(paths) + 3))
        stem = next(
            name
            for name in (plain, with_suffix, *numbered)
            # Some disks do not tell small letters from capitals.
            if name.casefold() not in taken
        )
        taken.add(stem.casefold())
        stems.append(stem)
    return stems
