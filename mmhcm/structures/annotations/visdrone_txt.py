"""VisDrone's text rows: annotations in, results in and out.

Annotation row: ``x,y,w,h,score,category,truncation,occlusion``. Result row:
``x,y,w,h,score,category,-1,-1``. Boxes are in pixels of the whole image.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .uniform_rows import narrow, parse_uniform

CLASSES = (
    'pedestrian',
    'people',
    'bicycle',
    'car',
    'van',
    'truck',
    'tricycle',
    'awning-tricycle',
    'bus',
    'motor',
)
"""Names of categories 1..10, which are labels 0..9."""

IGNORED_CATEGORY = 0
OTHERS_CATEGORY = 11
MAX_DETS = 500
BOX_DECIMALS = 2
SCORE_DECIMALS = 5

#: Boxes reach no further than so many pixels: beyond, sums lose their
#: fractions and areas overflow.
MAX_COORDINATE = 1e9

_NUM_COLUMNS = 8
# Text that is parsed at once; more leaves the processor cache.
_BATCH_BYTES = 1 << 18
# Few annotation files are larger.
_READ_BYTES = 1 << 16


class AnnotationError(ValueError):
    """A row or file of annotations or results that cannot be read."""


class CategoryError(AnnotationError):
    """A row whose category alone is wrong."""


def read_annotations(path: str | Path) -> np.ndarray:
    """Read an annotation file into rows (n, 8); see parse_annotations."""
    path = Path(path)
    return parse_annotations(decode(path.read_bytes(), path), path)


def read_annotation_files(
    paths: Sequence[str | Path],
) -> tuple[np.ndarray, np.ndarray]:
    """Read many annotation files at once; see parse_annotations.

    Returns:
        (n, 8) rows of all files, in order, as the smallest integers that hold
        them exactly, else float64; and int64 (f,) number of rows of each of
        the f files.

    Raises:
        AnnotationError: of the first file with a fault.
        OSError: a file cannot be read.
    """
    parts = [np.zeros((0, _NUM_COLUMNS), dtype=np.int16)]
    counts: list[int] = []
    contents: list[bytes] = []
    num_bytes = 0
    for index, path in enumerate(paths):
        contents.append(_read(path))
        num_bytes += len(contents[-1])
        if num_bytes >= _BATCH_BYTES or index == len(paths) - 1:
            first = index + 1 - len(contents)
            batch, batch_counts = _parse_batch(contents, paths[first:])
            parts.append(narrow(batch))
            counts.extend(batch_counts)
            contents, num_bytes = [], 0
    return np.concatenate(parts), np.array(counts, dtype=np.int64)


def parse_annotations(
    text: str, source: object = '<text>', first_line: int = 1
) -> np.ndarray:
    """Parse annotation rows, in file order, none dropped.

    Args:
        text: Contents of an annotation file. Rows may end with a comma;
            blank lines and any line ends are fine.
        source: Name that errors give the text.
        first_line: Number that errors give its first line.

    Returns:
        float64 (n, 8): x, y, w, h, score, category, truncation, occlusion.
        Boxes may have zero width or height.

    Raises:
        AnnotationError: a row has another number of columns, a value that
            is not a finite number, a negative or huge width or height, or (a
            ``CategoryError``) a category that is not a whole number from 0
            to 11.
    """
    columns = _NUM_COLUMNS, _NUM_COLUMNS
    rows = _parse_rows(text, source, *columns, first_line)
    _check(_has_bad_box(rows), 'box', text, source, first_line)
    _check(_has_bad_category(rows), 'category', text, source, first_line)
    return rows


def read_results(path: str | Path) -> np.ndarray:
    """Read a result file into rows (n, 6); see parse_results."""
    path = Path(path)
    return parse_results(decode(path.read_bytes(), path), path)


def parse_results(text: str, source: object = '<text>') -> np.ndarray:
    """Parse result rows of 6 to 8 columns, in file order, none dropped.

    Returns:
        float64 (n, 6): x, y, w, h, score, category. Only the validator of
        submissions asks whether the values make sense.

    Raises:
        AnnotationError: a row has another number of columns, a value that
            is not a finite number, or a box of more than 1e9 pixels.
    """
    rows = _parse_rows(text, source, 6, _NUM_COLUMNS)[:, :6]
    _check(_has_huge_box(rows), 'box', text, source)
    return rows


def format_results(
    bboxes: np.ndarray,
    scores: np.ndarray,
    labels: np.ndarray,
    image_wh: tuple[int, int],
    *,
    max_dets: int = MAX_DETS,
    score_decimals: int = SCORE_DECIMALS,
) -> str:
    """Format the detections of one image as the text of its result file.

    What is submitted and what is scored both come from this text, so that
    they cannot differ by rounding. Boxes are clipped to the image and
    rounded; those left without area are dropped, then the best ``max_dets``
    over all classes are written by descending score (equal ones as given).

    Args:
        bboxes: (n, 4) xyxy in pixels of the whole image.
        scores: (n,) in [0, 1].
        labels: (n,) integers in [0, 9].
        image_wh: Width and height of the image.
        max_dets: Most rows. Defaults to 500, the protocol's limit.
        score_decimals: Decimals of the scores. Defaults to 5.

    Raises:
        ValueError: the arrays differ in length, or hold a value that is not
            finite or a label outside [0, 9].
    """
    bboxes = np.asarray(bboxes, dtype=np.float64).reshape(-1, 4)
    scores = np.asarray(scores, dtype=np.float64).reshape(-1)
    labels = np.asarray(labels).reshape(-1).astype(np.int64)
    if not len(bboxes) == len(scores) == len(labels):
        raise ValueError(
            f'{len(bboxes)} boxes, {len(scores)} scores and '
            f'{len(labels)} labels do not belong together'
        )
    if not (np.isfinite(bboxes).all() and np.isfinite(scores).all()):
        raise ValueError('detections hold NaN or infinite boxes or scores')
    if ((labels < 0) | (labels >= len(CLASSES))).any():
        raise ValueError(f'labels must be in [0, {len(CLASSES) - 1}]')
    # In whole units of the last decimal x + w is exact, so that a box at the
    # border cannot leave the image by rounding.
    unit = 10**BOX_DECIMALS
    corners = np.rint(np.clip(bboxes, 0, [*image_wh, *image_wh]) * unit)
    xywh = np.hstack([corners[:, :2], corners[:, 2:] - corners[:, :2]])
    keep = np.flatnonzero((xywh[:, 2:] > 0).all(axis=1))
    keep = keep[np.argsort(-scores[keep], kind='stable')][:max_dets]
    row = ','.join(
        [f'%.{BOX_DECIMALS}f'] * 4 + [f'%.{score_decimals}f', '%d,-1,-1\n']
    )
    table = np.column_stack(
        [xywh[keep] / unit, np.clip(scores[keep], 0, 1), labels[keep] + 1]
    )
    return ''.join(row % tuple(values) for values in table.tolist())


def decode(content: bytes, source: object) -> str:
    """Decode a text file, with or without a byte order mark.

    Raises:
        AnnotationError: the bytes are not UTF-8 text.
    """
    try:
        return content.decode('utf-8-sig')
    except UnicodeDecodeError as error:
        raise AnnotationError(f'{source}: not a UTF-8 text file') from error


def split_lines(text: str) -> list[str]:
    """Split text at line ends of any system, and at nothing else."""
    return text.replace('\r\n', '\n').replace('\r', '\n').split('\n')


def split_rows(text: str, first_line: int = 1) -> list[tuple[int, list[str]]]:
    """Split text into (line number, fields) of the lines that aren't blank.

    A comma at the end of a row is no field.
    """
    rows = []
    for number, line in enumerate(split_lines(text), first_line):
        line = line.strip()
        if line:
            rows.append((number, line.removesuffix(',').split(',')))
    return rows


def parse_number(field: str) -> float:
    """Read a number; NaN where ``field`` is none."""
    try:
        # float() would read '1_0' as 10, and digits of other scripts.
        plain = field.isascii() and '_' not in field
        return float(field) if plain else float('nan')
    except ValueError:
        return float('nan')


def _parse_rows(
    text: str,
    source: object,
    min_columns: int,
    max_columns: int,
    first_line: int = 1,
) -> np.ndarray:
    """Rows as float64 (n, max_columns), padded with -1 on the right."""
    if text.isascii():
        content = text.encode()
        commas = text.partition('\n')[0].rstrip('\r').rstrip(',').count(',')
        if min_columns <= commas + 1 <= max_columns:
            plain = parse_uniform(content, commas + 1)
            if plain is not None:
                padding = np.full((len(plain), max_columns - commas - 1), -1.0)
                return np.hstack([plain, padding])
    rows = []
    for number, fields in split_rows(text, first_line):
        if not min_columns <= len(fields) <= max_columns:
            wanted = (
                f'{min_columns} to {max_columns}'
                if min_columns < max_columns
                else f'{max_columns}'
            )
            raise AnnotationError(
                f'{source}:{number}: {len(fields)} columns, not {wanted}'
            )
        rows.append(
            [parse_number(field) for field in fields]
            + [-1.0] * (max_columns - len(fields))
        )
    array = np.array(rows, dtype=np.float64).reshape(-1, max_columns)
    finite = np.all(np.isfinite(array), axis=1)
    _check(~finite, 'number', text, source, first_line)
    return array


def _read(path: str | Path) -> bytes:
    """Bytes of a file, in fewer calls to the system than by a file object."""
    handle = os.open(path, os.O_RDONLY)
    try:
        content = block = os.read(handle, _READ_BYTES)
        while len(block) == _READ_BYTES:
            block = os.read(handle, _READ_BYTES)
            content += block
    except OSError as error:
        # Unlike that of opening, it names no file.
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        os.close(handle)
    return content


def _parse_batch(
    contents: Sequence[bytes], paths: Sequence[str | Path]
) -> tuple[np.ndarray, list[int]]:
    """Parse whole files: their rows, and the number of rows of each."""
    joined = b''.join(
        content if content.endswith(b'\n') or not content else content + b'\n'
        for content in contents
    )
    rows = parse_uniform(joined, _NUM_COLUMNS)
    if rows is not None and not (
        _has_bad_box(rows).any() or _has_bad_category(rows).any()
    ):
        # in a regular text every line is a row
        return rows, [
            content.count(b'\n')
            + (content != b'' and not content.endswith(b'\n'))
            for content in contents
        ]
    # no file is at fault, perhaps: byte order marks and spaces are fine
    parts = [
        parse_annotations(decode(content, path), path)
        for content, path in zip(contents, paths, strict=False)
    ]
    return np.concatenate(parts), [len(part) for part in parts]


def _has_bad_box(rows: np.ndarray) -> np.ndarray:
    return (rows[:, 2] < 0) | (rows[:, 3] < 0) | _has_huge_box(rows)


def _has_huge_box(rows: np.ndarray) -> np.ndarray:
    # Column by column, many times as fast as along short rows.
    huge = [np.abs(rows[:, column]) > MAX_COORDINATE for column in range(4)]
    return np.logical_or.reduce(huge)


def _has_bad_category(rows: np.ndarray) -> np.ndarray:
    category = rows[:, 5]
    wrong = (category < IGNORED_CATEGORY) | (category > OTHERS_CATEGORY)
    return wrong | (np.floor(category) != category)


def _check(
    wrong: np.ndarray,
    what: str,
    text: str,
    source: object,
    first_line: int = 1,
) -> None:
    """Raise for the first row that ``wrong`` (n,) marks, with its line."""
    if wrong.any():
        rows = split_rows(text, first_line)
        number, fields = rows[int(wrong.argmax())]
        kind = CategoryError if what == 'category' else AnnotationError
        raise kind(
            f'{source}:{number}: bad {what} in row {",".join(fields)[:80]!r}'
        )
