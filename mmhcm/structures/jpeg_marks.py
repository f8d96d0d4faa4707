"""Marks in JPEG files, from which a window is decoded instead of the whole.

``jpeg_marks_<digest>.bin`` holds the marks of all images, memory-mapped, so
that workers share them, and says whose they are. About 14 kilobytes an image,
a seventeenth of a VisDrone image. The images themselves stay where they are,
and nothing of them is copied.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mmhcm.functional.jpeg import (
    MARK,
    JpegLayout,
    crop_jpeg,
    find_marks,
    mark_of,
    num_marks,
    read_layout,
    units_around,
)

from .files import (
    are_offsets,
    file_stamp,
    fingerprint,
    have_layout,
    map_arrays,
    write_arrays,
)

VERSION = 2
#: Units between marks: 128 pixels. Closer ones take more room and save
#: little.
STEP = 8
_LAYOUT: dict[str, tuple[str, tuple[int | str, ...]]] = {
    'marks': ('u1', ('m',)),
    'stats': ('i8', ('n', 2)),
    'starts': ('i8', ('o',)),
    'headers': ('u1', ('h',)),
    'header_starts': ('i8', ('o',)),
}


class StaleMarksError(ValueError):
    """There are no marks, or they are damaged or of other images."""


class JpegPart(NamedTuple):
    """A part of an image.

    Attributes:
        content: a JPEG file of it and a little around it.
        origin: x and y in the whole image of the JPEG's first pixel.
    """

    content: bytes
    origin: tuple[int, int]


class JpegMarks:
    """The marks of a list of images; images without any have to be decoded.

    Pickling takes the path along and opens the file anew; where it has gone,
    None comes back.
    """

    def __init__(self, path: Path, digest: str) -> None:
        self.path, self.digest = path, digest
        arrays = map_arrays(path, f'jpeg marks {VERSION}', digest)
        if arrays is None or not _is_sound(arrays):
            raise StaleMarksError(f'{path}: holds no marks of these images')
        self._stats = arrays['stats']
        self._starts = arrays['starts']
        self._headers = arrays['headers']
        self._header_starts = arrays['header_starts']
        self._marks = arrays['marks'].view(MARK)

    def __len__(self) -> int:
        return len(self._stats)

    @property
    def num_marked(self) -> int:
        """Number of images that have marks."""
        return int(np.count_nonzero(np.diff(self._starts)))

    def __reduce__(self) -> tuple[Any, ...]:
        return open_marks, (self.path.parent, self.digest)

    def read_part(
        self,
        ind: int,
        img_path: str | Path,
        image_wh: tuple[int, int],
        area: tuple[int, int, int, int],
    ) -> JpegPart | None:
        """Read what is needed to decode an area of image ``ind``.

        Args:
            ind: position of the image.
            img_path: its file.
            image_wh: size that it is expected to have, pixels.
            area: x1, y1, x2, y2, whole pixels inside the image.

        Returns:
            None if the image has no marks, is of another size, or has
            changed since they were made.

        Raises:
            OSError: the file cannot be read.
        """
        first, last = self._starts[ind : ind + 2].tolist()
        if first == last:
            return None
        header = self._headers[slice(*self._header_starts[ind : ind + 2])]
        layout = _layout_of(header.tobytes())
        if layout is None or (layout.width, layout.height) != image_wh:
            return None
        marks = self._marks[first:last]
        if len(marks) != num_marks(layout, STEP):
            return None
        units = units_around(layout, area, STEP)
        start_mark = mark_of(layout, units[:2], STEP)
        end_mark = mark_of(layout, (units[2], units[3] - 1), STEP)
        start = int(marks['bit'][start_mark]) >> 3
        end = int(marks['bit'][end_mark]) + 7 >> 3
        if end < start:
            return None
        with Path(img_path).open('rb', buffering=0) as file:
            if file_stamp(file.fileno()) != tuple(self._stats[ind].tolist()):
                return None
            file.seek(start)
            data = file.read(end - start)
        if len(data) != end - start:
            return None
        content = crop_jpeg(layout, marks, units, STEP, data)
        if content is None:
            return None
        width, height = layout.mcu_wh
        return JpegPart(content, (units[0] * width, units[1] * height))


def marks_digest(img_paths: Sequence[str | Path]) -> str:
    """Digest of names, sizes and times of files."""
    return fingerprint(
        'jpeg marks',
        VERSION,
        STEP,
        [[Path(path).name, *file_stamp(path)] for path in img_paths],
    )


def open_marks(folder: str | Path, digest: str) -> JpegMarks | None:
    """Open the marks of these files; None if there are none yet.

    Raises:
        ArrayFileError: something else has their name.
    """
    try:
        return JpegMarks(_path(folder, digest), digest)
    except StaleMarksError:
        return None


def build_marks(
    folder: str | Path,
    img_paths: Sequence[str | Path],
    digest: str,
    progress: Callable[[int], object] | None = None,
) -> JpegMarks:
    """Walk through all files and write their marks, or nothing.

    Args:
        folder: where to write.
        img_paths: images; what is no JPEG of the common kind, or damaged,
            gets no marks.
        digest: from `marks_digest`.
        progress: called with 1 after each image.

    Raises:
        ImportError: Numba is not installed.
        OSError: they cannot be written.
    """
    marks, headers, stats = [], [], []
    for img_path in img_paths:
        stats.append(file_stamp(img_path))
        found = _marks_of(Path(img_path))
        marks.append(found[0])
        headers.append(found[1])
        if progress is not None:
            progress(1)
    path = _path(folder, digest)
    write_arrays(
        path,
        f'jpeg marks {VERSION}',
        digest,
        {
            # As bytes, since the header names no fields of a type.
            'marks': np.concatenate([*marks, np.zeros(0, MARK)]).view('u1'),
            'stats': np.array(stats, dtype=np.int64).reshape(-1, 2),
            'starts': _starts([len(values) for values in marks]),
            'headers': np.frombuffer(b''.join(headers), dtype=np.uint8),
            'header_starts': _starts([len(values) for values in headers]),
        },
    )
    return JpegMarks(path, digest)


def _is_sound(arrays: dict[str, np.ndarray]) -> bool:
    """Whether all fields are there and fit each other."""
    if not have_layout(arrays, _LAYOUT):
        return False
    num_marks, rest = divmod(len(arrays['marks']), MARK.itemsize)
    return (
        not rest
        and len(arrays['starts']) == len(arrays['stats']) + 1
        and are_offsets(arrays['starts'], num_marks)
        and are_offsets(arrays['header_starts'], len(arrays['headers']))
    )


def _marks_of(img_path: Path) -> tuple[np.ndarray, bytes]:
    """Marks and header; both empty where there are none."""
    nothing = np.zeros(0, dtype=MARK), b''
    try:
        content = img_path.read_bytes()
    except OSError:
        # Whoever reads the image later will say so.
        return nothing
    layout = read_layout(content)
    if layout is None:
        return nothing
    marks = find_marks(content, layout, STEP)
    if marks is None:
        return nothing
    return marks, layout.header + layout.scan


# The images of one camera have few different headers.
@lru_cache(maxsize=1024)
def _layout_of(header: bytes) -> JpegLayout | None:
    return read_layout(header)


def _starts(lengths: list[int]) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def _path(folder: str | Path, digest: str) -> Path:
    return Path(folder) / f'jpeg_marks_{digest[:16]}.bin'
