"""Pictures and videos given on a command line."""

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
        relative: Path of the file below the common folder of all sources,
            with '/'.
        name: Path of the outputs: ``relative`` without the suffix, if no
            other source has this name.
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

    A folder gives all pictures and videos in the folder and its subfolders,
    by name. Hidden files are passed over, but a file given by its path is
    used whatever its name or suffix. Outputs have the paths of their sources
    below the deepest common folder of all names, so that equal names in
    different folders stay distinct.

    Args:
        names: Paths, or patterns with ``*``, ``?``, ``[...]`` and ``**``.
        left_out: Folder of drawn pictures, which is not searched.
        counter: Counter of files of other types, which are passed over.

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
    """Collector of files, each once, and of the folders of all names."""

    def __init__(self, left_out: Path, counter: FaultCounter) -> None:
        self.left_out, self.counter = left_out, counter
        self.roots: list[Path] = []
        # A dict, because a dict keeps the order.
        self.files: dict[Path, None] = {}

    def add(self, name: str) -> None:
        """Add the files of a path or pattern."""
        path = _absolute(name)
        # Paths first, because file names may contain pattern characters.
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
    """Make a path absolute and normalised; keep symbolic links."""
    return Path(os.path.abspath(path))  # noqa: PTH100


def _unique_stems(paths: Sequence[Path]) -> list[str]:
    """Name outputs after paths; append the suffix to a stem in use."""
    taken: set[str] = set()
    stems = []
    for path in paths:
        plain = path.with_suffix('').as_posix()
        with_suffix = f'{plain}_{path.suffix[1:]}'
        numbered = (f'{with_suffix}_{n}' for n in range(2, len(paths) + 3))
        stem = next(
            name
            for name in (plain, with_suffix, *numbered)
            # Some file systems are not case-sensitive.
            if name.casefold() not in taken
        )
        taken.add(stem.casefold())
        stems.append(stem)
    return stems
