"""File of restart offsets for decoding windows of JPEG files.

``restart_offsets_<digest>.bin`` holds the offsets of all images. The file is
memory-mapped, so that workers share its memory. An image takes about 14
kilobytes, a seventeenth of a VisDrone image; the images themselves are not
copied.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mmhcm.functional.jpeg import (
    RESTART_OFFSET,
    JpegLayout,
    crop_jpeg,
    find_restart_offsets,
    num_restart_offsets,
    offset_index,
    read_layout,
    units_around,
)
from mmhcm.structures.files import (
    are_offsets,
    file_stamp,
    fingerprint,
    have_layout,
    map_arrays,
    write_arrays,
)

VERSION = 1
#: Units between offsets: 128 pixels. Closer offsets take more space and save
#: little.
STEP = 8
_LAYOUT: dict[str, tuple[str, tuple[int | str, ...]]] = {
    'offsets': ('u1', ('m',)),
    'stats': ('i8', ('n', 2)),
    'starts': ('i8', ('o',)),
    'headers': ('u1', ('h',)),
    'header_starts': ('i8', ('o',)),
}


class StaleOffsetsError(ValueError):
    """Error for an offsets file: missing, damaged or of other images."""


class JpegPart(NamedTuple):
    """Part of an image.

    Attributes:
        content: JPEG file of the part and a small margin.
        origin: x and y of the JPEG's first pixel in the whole image.
    """

    content: bytes
    origin: tuple[int, int]


class RestartOffsets:
    """Restart offsets of a list of images.

    An image without offsets is decoded as a whole. Pickling stores the path;
    unpickling opens the file again, and returns None if the file is missing.
    """

    def __init__(self, path: Path, digest: str) -> None:
        self.path, self.digest = path, digest
        arrays = map_arrays(path, f'restart offsets {VERSION}', digest)
        if arrays is None or not _is_sound(arrays):
            raise StaleOffsetsError(
                f'{path}: holds no offsets of these images'
            )
        self._stats = arrays['stats']
        self._starts = arrays['starts']
        self._headers = arrays['headers']
        self._header_starts = arrays['header_starts']
        self._offsets = arrays['offsets'].view(RESTART_OFFSET)

    def __len__(self) -> int:
        return len(self._stats)

    @property
    def num_partial(self) -> int:
        """Number of images that have offsets."""
        return int(np.count_nonzero(np.diff(self._starts)))

    def __reduce__(self) -> tuple[Any, ...]:
        return open_restart_offsets, (self.path.parent, self.digest)

    def read_part(
        self,
        ind: int,
        img_path: str | Path,
        image_wh: tuple[int, int],
        area: tuple[int, int, int, int],
    ) -> JpegPart | None:
        """Cut the JPEG part that contains an area out of image ``ind``.

        Args:
            ind: position of the image.
            img_path: file of the image.
            image_wh: expected size of the image, pixels.
            area: x1, y1, x2, y2, whole pixels inside the image.

        Returns:
            None if the image has no offsets, has another size, or has changed
            since the offsets were computed.

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
        offsets = self._offsets[first:last]
        if len(offsets) != num_restart_offsets(layout, STEP):
            return None
        units = units_around(layout, area, STEP)
        first_offset = offset_index(layout, units[:2], STEP)
        last_offset = offset_index(layout, (units[2], units[3] - 1), STEP)
        start = int(offsets['bit'][first_offset]) >> 3
        end = int(offsets['bit'][last_offset]) + 7 >> 3
        if end < start:
            return None
        with Path(img_path).open('rb', buffering=0) as file:
            if file_stamp(file.fileno()) != tuple(self._stats[ind].tolist()):
                return None
            file.seek(start)
            data = file.read(end - start)
        if len(data) != end - start:
            return None
        content = crop_jpeg(layout, offsets, units, STEP, data)
        if content is None:
            return None
        width, height = layout.mcu_wh
        return JpegPart(content, (units[0] * width, units[1] * height))


def offsets_digest(img_paths: Sequence[str | Path]) -> str:
    """Return a digest of names, sizes and times of files."""
    return fingerprint(
        'restart offsets',
        VERSION,
        STEP,
        [[Path(path).name, *file_stamp(path)] for path in img_paths],
    )


def open_restart_offsets(
    folder: str | Path, digest: str
) -> RestartOffsets | None:
    """Open the offsets of files; return None if there are no valid offsets.

    Raises:
        ArrayFileError: the file has another format.
    """
    try:
        return RestartOffsets(_path(folder, digest), digest)
    except StaleOffsetsError:
        return None


def build_restart_offsets(
    folder: str | Path,
    img_paths: Sequence[str | Path],
    digest: str,
    progress: Callable[[int], object] | None = None,
) -> RestartOffsets:
    """Find the restart offsets of all files and write them atomically.

    Args:
        folder: output folder.
        img_paths: images. Damaged files and files other than baseline JPEG
            have no offsets.
        digest: from `offsets_digest`.
        progress: called with 1 after each image.

    Raises:
        OSError: the offsets cannot be written.
    """
    offsets, headers, stats = [], [], []
    for img_path in img_paths:
        stats.append(file_stamp(img_path))
        found = _offsets_of(Path(img_path))
        offsets.append(found[0])
        headers.append(found[1])
        if progress is not None:
            progress(1)
    path = _path(folder, digest)
    write_arrays(
        path,
        f'restart offsets {VERSION}',
        digest,
        {
            # As bytes, because the header cannot describe structured types.
            'offsets': np.concatenate(
                [*offsets, np.zeros(0, RESTART_OFFSET)]
            ).view('u1'),
            'stats': np.array(stats, dtype=np.int64).reshape(-1, 2),
            'starts': _starts([len(values) for values in offsets]),
            'headers': np.frombuffer(b''.join(headers), dtype=np.uint8),
            'header_starts': _starts([len(values) for values in headers]),
        },
    )
    return RestartOffsets(path, digest)


def _is_sound(arrays: dict[str, np.ndarray]) -> bool:
    """Check that all fields exist and are consistent."""
    if not have_layout(arrays, _LAYOUT):
        return False
    num_offsets, rest = divmod(len(arrays['offsets']), RESTART_OFFSET.itemsize)
    return (
        not rest
        and len(arrays['starts']) == len(arrays['stats']) + 1
        and are_offsets(arrays['starts'], num_offsets)
        and are_offsets(arrays['header_starts'], len(arrays['headers']))
    )


def _offsets_of(img_path: Path) -> tuple[np.ndarray, bytes]:
    """Find offsets and header of an image; both may be empty."""
    nothing = np.zeros(0, dtype=RESTART_OFFSET), b''
    try:
        content = img_path.read_bytes()
    except OSError:
        # Loading the image reports the error later.
        return nothing
    layout = read_layout(content)
    if layout is None:
        return nothing
    offsets = find_restart_offsets(content, layout, STEP)
    if offsets is None:
        return nothing
    return offsets, layout.header + layout.scan


# The images of one camera have few different headers.
@lru_cache(maxsize=1024)
def _layout_of(header: bytes) -> JpegLayout | None:
    return read_layout(header)


def _starts(lengths: list[int]) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def _path(folder: str | Path, digest: str) -> Path:
    return Path(folder) / f'restart_offsets_{digest[:16]}.bin'
