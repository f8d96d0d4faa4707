"""Faults of VisDrone's annotation rows, counted and named."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from mmhcm.structures.fault_counter import FaultCounter

from .visdrone_txt import (
    OTHERS_CATEGORY,
    AnnotationError,
    CategoryError,
    decode,
    parse_annotations,
    read_bytes,
    split_lines,
    split_rows,
)

UNREADABLE = 'rows that cannot be read'
UNKNOWN = 'rows of an unknown category'
NO_AREA = 'boxes without area'
OUTSIDE = 'boxes outside of their image'
BEYOND = 'boxes that reach beyond their image'
TWICE = 'rows that stand in their file already'
EMPTY = 'annotation files without a row'
DAMAGED = 'annotation files that cannot be read'

#: Outcome of each kind in training.
IN_TRAINING = {
    UNREADABLE: 'left out',
    UNKNOWN: "taken as 'others', neither foreground nor background",
    NO_AREA: 'left out',
    OUTSIDE: 'left out',
    BEYOND: 'cut to it',
    TWICE: 'kept',
    EMPTY: 'taken as images without objects',
    DAMAGED: 'left out with their images',
}


def read_what_can_be_read(
    paths: Sequence[str | Path], counter: FaultCounter
) -> tuple[np.ndarray, np.ndarray]:
    """Read annotation files, without invalid rows and files.

    Args:
        paths: The f files.
        counter: Counts invalid rows and files.

    Returns:
        See ``visdrone_txt.read_annotation_files``, except that the number of
        rows is -1 for an unreadable file.
    """
    parts = [_read_file(path, counter) for path in paths]
    rows = [np.zeros((0, 8)), *(part for part in parts if part is not None)]
    counts = [-1 if part is None else len(part) for part in parts]
    return np.concatenate(rows), np.array(counts, dtype=np.int64)


def note_odd_rows(
    rows: np.ndarray,
    counts: np.ndarray,
    image_whs: np.ndarray,
    paths: Sequence[str | Path],
    counter: FaultCounter,
) -> None:
    """Count rows that are valid but may be wrong.

    Args:
        rows: (n, 8) annotation rows of f files, one file after another.
        counts: int (f,), number of rows of each file.
        image_whs: int (f, 2), width and height of each file's image, pixels.
        paths: Paths of the f files.
        counter: Counts the rows.
    """
    for ind in np.flatnonzero(counts == 0)[:1]:
        counter.add(EMPTY, paths[ind], int((counts == 0).sum()))
    owners = np.repeat(np.arange(len(counts)), counts)
    starts = np.cumsum(counts) - counts
    xywh = rows[:, :4].astype(np.float64)
    low, high = xywh[:, :2], xywh[:, :2] + xywh[:, 2:]
    limits = np.asarray(image_whs, dtype=np.float64).reshape(-1, 2)[owners]
    no_area = (xywh[:, 2:] <= 0).any(axis=1)
    outside = ((high <= 0) | (low >= limits)).any(axis=1) & ~no_area
    beyond = ((low < 0) | (high > limits)).any(axis=1) & ~no_area & ~outside
    for kind, mask in (
        (NO_AREA, no_area),
        (OUTSIDE, outside),
        (BEYOND, beyond),
        (TWICE, _repeated(rows, owners)),
    ):
        for ind in np.flatnonzero(mask)[:1]:
            path = paths[owners[ind]]
            where = _row_line(path, int(ind - starts[owners[ind]]))
            width, height = limits[ind].astype(int)
            what = f'{where} (image of {width} x {height} pixels)'
            counter.add(kind, what, int(mask.sum()))


def _read_file(path: str | Path, counter: FaultCounter) -> np.ndarray | None:
    """Read the rows (n, 8) of a file; None if it cannot be read."""
    try:
        text = decode(read_bytes(path), path)
    except OSError as error:
        counter.add(DAMAGED, f'{path}: {error.strerror}')
        return None
    except AnnotationError as error:
        counter.add(DAMAGED, error)
        return None
    with suppress(AnnotationError):
        return parse_annotations(text, path)
    rows = []
    for number, line in enumerate(split_lines(text), 1):
        try:
            rows.append(_read_row(line, path, number, counter))
        except AnnotationError as error:
            counter.add(UNREADABLE, error)
    read = np.concatenate([np.zeros((0, 8)), *rows])
    if not len(read) and text.strip():
        # Nothing is known about the objects in the image.
        counter.add(DAMAGED, f'{path}: no row can be read')
        return None
    return read


def _read_row(
    line: str, path: str | Path, number: int, counter: FaultCounter
) -> np.ndarray:
    """Read the row (1, 8) of a line; (0, 8) of a blank one."""
    try:
        return parse_annotations(line, path, number)
    except CategoryError as error:
        counter.add(UNKNOWN, error)
        fields = line.split(',')
        fields[5] = str(OTHERS_CATEGORY)
        return parse_annotations(','.join(fields), path, number)


def _row_line(path: str | Path, ind: int) -> str:
    """Return file and line of row ``ind`` of a readable file."""
    content = Path(path).read_bytes()
    return f'{path}:{split_rows(decode(content, path))[ind][0]}'


def _repeated(rows: np.ndarray, owners: np.ndarray) -> np.ndarray:
    """Mark rows (n,) that equal an earlier row of the same file."""
    keys = (*rows.T[::-1], owners)
    order = np.lexsort(keys)  # stable: the earliest comes first
    same = np.zeros(len(rows), dtype=bool)
    ordered = rows[order]
    same[order[1:]] = (ordered[1:] == ordered[:-1]).all(axis=1) & (
        owners[order[1:]] == owners[order[:-1]]
    )
    return same
