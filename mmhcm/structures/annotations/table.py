"""VisDrone's annotations of a whole split, as flat arrays and as a file."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmhcm.structures.files import (
    are_offsets,
    file_stamp,
    have_layout,
    map_arrays,
    write_arrays,
)

_KIND = 'annotations 2'
_LAYOUT: dict[str, tuple[str, tuple[int | str, ...]]] = {
    'names': ('u1', ('a',)),
    'faults': ('u1', ('b',)),
    'notes': ('u1', ('c',)),
    'image_whs': ('i4', ('n', 2)),
    'offsets': ('i8', ('o',)),
    'rows': ('i2 i4 f8', ('r', 8)),
}


@dataclass(frozen=True)
class AnnotationTable:
    """Annotation rows of images, in the order of their names.

    Attributes:
        names: File name of each of n images.
        faults: Files that were left out of the table, a line each.
        notes: What is odd in rows, a line for each kind.
        image_whs: int32 (n, 2) widths and heights, pixels.
        offsets: int64 (n + 1,); rows ``offsets[i]:offsets[i + 1]`` are those
            of image i.
        rows: (r, 8) see ``visdrone_txt.parse_annotations``; of the smallest
            type that holds all values exactly.
        may_pass: Whether a fault may be gone the next time though no file
            changes. Such a table is not to be written.
    """

    names: Sequence[str]
    faults: Sequence[str]
    notes: Sequence[str]
    image_whs: np.ndarray
    offsets: np.ndarray
    rows: np.ndarray
    may_pass: bool = False


def list_states(folder: str | Path) -> list[list]:
    """Name, size and time of change of each file, by which edits show.

    What has gone since it was listed, and a link to nothing, have 0 and 0:
    that they cannot be read is for their readers to say.

    Returns:
        A list for each file in the order of names; none without a folder.
    """
    if not Path(folder).is_dir():
        return []
    with os.scandir(folder) as entries:
        return sorted(
            [entry.name, *file_stamp(entry.path)] for entry in entries
        )


def write_table(
    path: str | Path, table: AnnotationTable, fingerprint: str
) -> None:
    """Write a cache file whole or not at all."""
    arrays = {
        'names': _join(table.names),
        'faults': _join(table.faults),
        'notes': _join(table.notes),
        'image_whs': table.image_whs,
        'offsets': table.offsets,
        'rows': table.rows,
    }
    write_arrays(path, _KIND, fingerprint, arrays)


def map_table(path: str | Path, fingerprint: str) -> AnnotationTable | None:
    """Map a cache file; None if it is absent, damaged or of other inputs.

    Raises:
        ArrayFileError: the file is something else.
    """
    arrays = map_arrays(path, _KIND, fingerprint)
    if (
        arrays is None
        or not have_layout(arrays, _LAYOUT)
        or not are_offsets(arrays['offsets'], len(arrays['rows']))
    ):
        return None
    names = _split(arrays.pop('names'))
    faults = _split(arrays.pop('faults'))
    notes = _split(arrays.pop('notes'))
    num = len(names)
    if (num, num + 1) != (len(arrays['image_whs']), len(arrays['offsets'])):
        return None
    return AnnotationTable(
        names,
        faults,
        notes,
        arrays['image_whs'],
        arrays['offsets'],
        arrays['rows'],
    )


def _join(lines: Iterable[str]) -> np.ndarray:
    """Text as uint8; no name of a file holds a zero."""
    text = ''.join(f'{line}\0' for line in lines)
    return np.frombuffer(text.encode('utf-8', 'surrogateescape'), np.uint8)


def _split(content: np.ndarray) -> list[str]:
    # What is no text gives names of no file.
    text = content.tobytes().decode('utf-8', 'surrogateescape')
    return text.split('\0')[:-1]
