"""YOLO's label files: rows of class and box, or class and polygon.

Numbers are shares of the image's width and height, from its upper left
corner: ``class x y w h`` with the centre of a box, or
``class x1 y1 x2 y2 x3 y3 ...`` with the corners of a polygon or rotated box.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mmhcm.structures.fault_counter import FaultCounter

from .faults import DAMAGED, EMPTY, UNREADABLE
from .visdrone_txt import AnnotationError, decode, parse_number, split_lines

#: Tolerance for rounded numbers beyond the image, a share of the image's side.
_TOLERANCE = 0.01


class YoloClassError(ValueError):
    """Error of a class index beyond the config's classes."""


class YoloObject(NamedTuple):
    """Object of one row.

    Attributes:
        label: Index of the class.
        bbox: Upright box xyxy, shares of the image's width and height.
        line: Number of the row's line in the file.
    """

    label: int
    bbox: tuple[float, float, float, float]
    line: int


def read_labels(
    path: str | Path, num_classes: int, counter: FaultCounter | None = None
) -> list[YoloObject] | None:
    """Read a label file; blank lines are skipped.

    Args:
        path: The file.
        num_classes: Number of classes.
        counter: Counts unreadable rows and files. Defaults to None: unreadable
            rows and files are errors.

    Returns:
        The rows; with a counter, None for an unreadable file.

    Raises:
        YoloClassError: a class index is beyond the number of classes, with or
            without a counter, because the classes are wrong, not the row.
        AnnotationError: a row or file is invalid, without a counter.
        OSError: the file cannot be read, without a counter.
    """
    try:
        text = decode(Path(path).read_bytes(), path)
        return list(_parse_rows(text, path, num_classes, counter))
    except AnnotationError as error:
        if counter is None:
            raise
        counter.add(DAMAGED, error)
    except OSError as error:
        if counter is None:
            raise
        counter.add(DAMAGED, f'{path}: {error.strerror}')
    return None


def _parse_rows(
    text: str,
    path: str | Path,
    num_classes: int,
    counter: FaultCounter | None,
) -> Iterator[YoloObject]:
    lines = [
        (number, line)
        for number, line in enumerate(split_lines(text), 1)
        if line.strip()
    ]
    if counter is not None and not lines:
        counter.add(EMPTY, path)
    num_read = 0
    for number, line in lines:
        try:
            row = _parse_row(line, f'{path}:{number}', number)
        except AnnotationError as error:
            if counter is None:
                raise
            counter.add(UNREADABLE, error)
            continue
        if row.label >= num_classes:
            raise YoloClassError(
                f'{path}:{number}: class {row.label}, but the config has '
                f'{num_classes} `classes`'
            )
        num_read += 1
        yield row
    if lines and not num_read:
        raise AnnotationError(f'{path}: no row can be read')


def _parse_row(line: str, where: str, number: int) -> YoloObject:
    fields = line.split()
    values = [parse_number(field) for field in fields]
    is_polygon = len(fields) >= 7 and len(fields) % 2 == 1
    if len(fields) != 5 and not is_polygon:
        raise AnnotationError(
            f'{where}: expected class x y w h, or class and three points or '
            f'more, got {len(fields)} columns'
        )
    label, shares = values[0], np.array(values[1:])
    if not (np.isfinite(values).all() and label >= 0 and label % 1 == 0):
        raise AnnotationError(f'{where}: bad number in row {line[:80]!r}')
    if shares.min() < -_TOLERANCE or shares.max() > 1 + _TOLERANCE:
        raise AnnotationError(
            f'{where}: numbers must be shares of the image, from 0 to 1, got '
            f'{line[:80]!r}'
        )
    return YoloObject(int(label), _box_around(shares), number)


def _box_around(shares: np.ndarray) -> tuple[float, float, float, float]:
    """Return the box xyxy of a row's numbers after the class."""
    if len(shares) == 4:
        centre, half = shares[:2], shares[2:] / 2
        points = np.stack([centre - half, centre + half])
    else:
        points = shares.reshape(-1, 2)
    (x1, y1), (x2, y2) = points.min(axis=0).tolist(), points.max(axis=0)
    return x1, y1, float(x2), float(y2)
