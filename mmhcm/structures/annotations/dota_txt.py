"""DOTA's labelTxt files: rows of 8 polygon numbers, class and difficulty."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple, overload

import numpy as np

from mmhcm.structures.fault_counter import FaultCounter

from .faults import DAMAGED, EMPTY, UNKNOWN, UNREADABLE
from .visdrone_txt import (
    MAX_COORDINATE,
    AnnotationError,
    decode,
    parse_number,
    split_lines,
)

#: The 15 classes of DOTA v1.0; v1.5 adds the 16th, container-crane.
DOTA_V1_CLASSES = (
    'plane',
    'baseball-diamond',
    'bridge',
    'ground-track-field',
    'small-vehicle',
    'large-vehicle',
    'ship',
    'tennis-court',
    'basketball-court',
    'storage-tank',
    'soccer-ball-field',
    'roundabout',
    'harbor',
    'swimming-pool',
    'helicopter',
)
DOTA_V1_5_CLASSES = (*DOTA_V1_CLASSES, 'container-crane')

_HEADERS = ('imagesource:', 'gsd:')


class DotaObject(NamedTuple):
    """Object of one row: polygon (4, 2) in source pixels, name, difficulty.

    ``name`` is the class, ``line`` the number of the row's line in the file.
    """

    polygon: np.ndarray
    name: str
    difficulty: int
    line: int

    @property
    def bbox(self) -> tuple[float, float, float, float]:
        """Upright box xyxy around the polygon, source pixels."""
        x1, y1 = self.polygon.min(axis=0)
        x2, y2 = self.polygon.max(axis=0)
        return float(x1), float(y1), float(x2), float(y2)

    @property
    def sized_bbox(self) -> tuple[float, float, float, float]:
        """Upright box shrunk to the area of the object, xyxy.

        The area is the product of the polygon's side lengths: the upright box
        of a rotated object is larger.
        """
        sides = np.roll(self.polygon, -1, axis=0) - self.polygon
        lengths = np.hypot(*sides.T)
        area = (lengths[:2] + lengths[2:]).prod() / 4
        start, stop = self.polygon.min(axis=0), self.polygon.max(axis=0)
        half = (stop - start) / 2
        half = half * np.sqrt(area / max(4 * half.prod(), 1e-9))
        x, y = ((start + stop) / 2).tolist()
        w, h = half.tolist()
        return x - w, y - h, x + w, y + h


class DotaFormatError(ValueError):
    """Error of a labelTxt file; the message names file and line."""


@overload
def read_labels(
    path: str | Path, classes: Collection[str] | None = None
) -> list[DotaObject]: ...


@overload
def read_labels(
    path: str | Path,
    classes: Collection[str] | None,
    counter: FaultCounter | None,
) -> list[DotaObject] | None: ...


def read_labels(
    path: str | Path,
    classes: Collection[str] | None = None,
    counter: FaultCounter | None = None,
) -> list[DotaObject] | None:
    """Read a labelTxt file; header and blank lines are skipped.

    An absent difficulty is 0.

    Args:
        path: The file.
        classes: Names that may occur. Defaults to None, any.
        counter: Counts invalid rows, which are left out, and rows of other
            classes, which are kept. Defaults to None: invalid rows and other
            classes are errors.

    Returns:
        The rows; with a counter, None for an unreadable file.

    Raises:
        DotaFormatError: wrong number of columns, a value that is not a finite
            number, a difficulty other than 0, 1 or 2, a class not in
            ``classes``, wrong encoding.
    """
    try:
        text = decode(Path(path).read_bytes(), path)
        return list(_parse_rows(text, path, classes, counter))
    except AnnotationError as error:
        if counter is None:
            raise DotaFormatError(str(error)) from error
        counter.add(DAMAGED, error)
    except OSError as error:
        if counter is None:
            raise
        counter.add(DAMAGED, f'{path}: {error.strerror}')
    return None


def _parse_rows(
    text: str,
    path: str | Path,
    classes: Collection[str] | None,
    counter: FaultCounter | None,
) -> Iterator[DotaObject]:
    """Parse the rows of a text; count invalid rows if there is a counter."""
    num_rows = num_read = 0
    for number, line in enumerate(split_lines(text), 1):
        if not line.strip() or line.strip().lower().startswith(_HEADERS):
            continue
        num_rows += 1
        try:
            row = _parse_row(line, path, number)
            _check_class(row, path, classes, counter)
        except DotaFormatError as error:
            if counter is None:
                raise
            counter.add(UNREADABLE, error)
            continue
        num_read += 1
        yield row
    if counter is not None and not num_rows:
        counter.add(EMPTY, path)
    elif not num_read and num_rows:
        raise AnnotationError(f'{path}: no row can be read')


def _check_class(
    row: DotaObject,
    path: str | Path,
    classes: Collection[str] | None,
    counter: FaultCounter | None,
) -> None:
    if classes is None or row.name in classes:
        return
    fault = (
        f'{path}:{row.line}: unknown class {row.name[:40]!r}, expected one of '
        f'{tuple(classes)}'
    )
    if counter is None:
        raise DotaFormatError(fault)
    counter.add(UNKNOWN, fault)


def _parse_row(line: str, path: str | Path, number: int) -> DotaObject:
    where = f'{path}:{number}'
    fields = line.split()
    if len(fields) not in (9, 10):
        raise DotaFormatError(
            f'{where}: expected 9 or 10 columns, got {len(fields)}'
        )
    numbers = [parse_number(field) for field in fields[:8]]
    polygon = np.array(numbers, dtype=np.float64).reshape(4, 2)
    if not np.isfinite(polygon).all():
        raise DotaFormatError(
            f'{where}: bad number in row {" ".join(fields)[:80]!r}'
        )
    if np.abs(polygon).max() > MAX_COORDINATE:
        raise DotaFormatError(
            f'{where}: coordinates beyond {MAX_COORDINATE:g}'
        )
    difficulty = fields[9] if len(fields) == 10 else '0'
    if difficulty not in ('0', '1', '2'):
        raise DotaFormatError(
            f'{where}: difficulty must be 0, 1 or 2, got {difficulty[:40]!r}'
        )
    return DotaObject(polygon, fields[8], int(difficulty), number)
