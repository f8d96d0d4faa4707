"""VisDrone's text rows: annotations are read, results read and written.

Annotation row: ``x,y,w,h,score,category,truncation,occlusion``. Result row:
``x,y,w,h,score,category,-1,-1``. Boxes are in pixels of the whole image.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmhcm.structures.files import naming

#: Names of categories 1..10, which are labels 0..9.
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
#: Supercategory of each class, as in COCO.
SUPERCATEGORIES = {
    name: 'person' if name in ('pedestrian', 'people') else 'vehicle'
    for name in CLASSES
}

IGNORED_CATEGORY = 0
OTHERS_CATEGORY = 11
MAX_DETS = 500
BOX_DECIMALS = 2
SCORE_DECIMALS = 5

#: Largest absolute value of a box, pixels: beyond, sums lose their fractions
#: and areas overflow.
MAX_COORDINATE = 1e9

_NUM_COLUMNS = 8


class AnnotationError(ValueError):
    """Error of a row or file of annotations or results."""


class CategoryError(AnnotationError):
    """Error of a row in which only the category is invalid."""


def read_annotations(path: str | Path) -> np.ndarray:
    """Read an annotation file into rows (n, 8); see parse_annotations."""
    return parse_annotations(decode(read_bytes(path), path), path)


def read_annotation_files(
    paths: Sequence[str | Path],
) -> tuple[np.ndarray, np.ndarray]:
    """Read many annotation files; see parse_annotations.

    Returns:
        float64 (n, 8) rows of all files, in order, and int64 (f,) number of
        rows of each of the f files.

    Raises:
        AnnotationError: a file is invalid; the first is reported.
        OSError: a file cannot be read.
    """
    parts = [read_annotations(path) for path in paths]
    counts = [len(part) for part in parts]
    rows = np.concatenate([np.zeros((0, _NUM_COLUMNS)), *parts])
    return rows, np.array(counts, dtype=np.int64)


def parse_annotations(
    text: str, source: object = '<text>', first_line: int = 1
) -> np.ndarray:
    """Parse all annotation rows, in file order.

    Args:
        text: Contents of an annotation file. Rows may end with a comma;
            blank lines and all line endings are accepted.
        source: Name of the text in errors.
        first_line: Number of the first line in errors.

    Returns:
        float64 (n, 8): x, y, w, h, score, category, truncation, occlusion.
        Boxes may have zero width or height.

    Raises:
        AnnotationError: a row has another number of columns, a value that
            is not a finite number, a negative width or height, a box value
            beyond 1e9 pixels, or (a ``CategoryError``) a category that is not
            a whole number from 0 to 11.
    """
    columns = _NUM_COLUMNS, _NUM_COLUMNS
    rows = _parse_rows(text, source, *columns, first_line)
    _check(_has_bad_box(rows), 'box', text, source, first_line)
    _check(_has_bad_category(rows), 'category', text, source, first_line)
    return rows


def read_results(path: str | Path) -> np.ndarray:
    """Read a result file into rows (n, 6); see parse_results."""
    return parse_results(decode(read_bytes(path), path), path)


def parse_results(text: str, source: object = '<text>') -> np.ndarray:
    """Parse all result rows of 6 to 8 columns, in file order.

    Returns:
        float64 (n, 6): x, y, w, h, score, category. Only the validator of
        submissions checks that the values are in range.

    Raises:
        AnnotationError: a row has another number of columns, a value that
            is not a finite number, or a box value beyond 1e9 pixels.
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

    The submission and the score both use this text, so that rounding causes
    no difference between them. Boxes are clipped to the image and rounded, and
    boxes without area are dropped. The best ``max_dets`` over all classes are
    written by descending score; equal scores keep the given order.

    Args:
        bboxes: (n, 4) xyxy in pixels of the whole image.
        scores: (n,) in [0, 1].
        labels: (n,) integers in [0, 9].
        image_wh: Width and height of the image.
        max_dets: Maximum number of rows. Defaults to 500, the protocol's
            limit.
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


def read_bytes(path: str | Path) -> bytes:
    """Read a file; every error names the file."""
    with naming(path):
        return Path(path).read_bytes()


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
    """Split text at the line endings of any system, and nowhere else."""
    return text.replace('\r\n', '\n').replace('\r', '\n').split('\n')


def split_rows(text: str, first_line: int = 1) -> list[tuple[int, list[str]]]:
    """Split text into (line number, fields) of each non-blank line.

    A comma at the end of a row adds no field.
    """
    rows = []
    for number, line in enumerate(split_lines(text), first_line):
        line = line.strip()
        if line:
            rows.append((number, line.removesuffix(',').split(',')))
    return rows


def parse_number(field: str) -> float:
    """Parse a number; NaN if ``field`` is not a number."""
    try:
        # float() would accept '1_0' as 10, and digits of other scripts.
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
    """Parse rows to float64 (n, max_columns), padded with -1."""
    regular = _parse_regular(text)
    if regular is not None and min_columns <= regular.shape[1] <= max_columns:
        missing = max_columns - regular.shape[1]
        padding = np.full((len(regular), missing), -1.0)
        return np.hstack([regular, padding]) if missing else regular
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


def _parse_regular(text: str) -> np.ndarray | None:
    """Parse rows of an equal number of finite numbers; None for other text."""
    lines = [line.removesuffix(',') for line in split_lines(text) if line]
    if not any(lines):
        return None
    try:
        rows = np.loadtxt(lines, delimiter=',', comments=None, ndmin=2)
    except ValueError:
        return None
    # loadtxt skips empty lines, such as a comma alone.
    is_whole = len(rows) == len(lines) and np.isfinite(rows).all()
    return rows if is_whole else None


def _has_bad_box(rows: np.ndarray) -> np.ndarray:
    return (rows[:, 2] < 0) | (rows[:, 3] < 0) | _has_huge_box(rows)


def _has_huge_box(rows: np.ndarray) -> np.ndarray:
    # Column by column, many times faster than along short rows.
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
    """Raise an error with the line of the first row that is ``wrong`` (n,)."""
    if wrong.any():
        rows = split_rows(text, first_line)
        number, fields = rows[int(wrong.argmax())]
        kind = CategoryError if what == 'category' else AnnotationError
        raise kind(
            f'{source}:{number}: bad {what} in row {",".join(fields)[:80]!r}'
        )
