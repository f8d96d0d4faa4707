"""DOTA's labelTxt files: eight polygon numbers, class, difficulty a row."""

from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

import numpy as np

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
    """One row: polygon (4, 2) in source pixels, class name, difficulty."""

    polygon: np.ndarray
    name: str
    difficulty: int

    @property
    def bbox(self) -> tuple[float, float, float, float]:
        """The upright box xyxy around the polygon, source pixels."""
        x1, y1 = self.polygon.min(axis=0)
        x2, y2 = self.polygon.max(axis=0)
        return float(x1), float(y1), float(x2), float(y2)


class DotaFormatError(ValueError):
    """A labelTxt file is malformed; the message names file and line."""


def read_labels(
    path: str | Path, classes: Collection[str] | None = None
) -> list[DotaObject]:
    """Read a labelTxt file; header and blank lines are skipped.

    The difficulty may be absent (0 then).

    Args:
        path: The file.
        classes: Names that may occur. Defaults to None, any.

    Raises:
        DotaFormatError: wrong number of columns, a number that is none or
            not finite, a difficulty other than 0, 1 or 2, another class than
            ``classes``, wrong encoding.
    """
    try:
        lines = Path(path).read_text(encoding='utf-8-sig').splitlines()
    except UnicodeDecodeError as error:
        raise DotaFormatError(f'{path}: not UTF-8 text') from error
    return [
        _parse_row(line, f'{path}:{number}', classes)
        for number, line in enumerate(lines, 1)
        if line.strip() and not line.strip().lower().startswith(_HEADERS)
    ]


def _parse_row(
    line: str, where: str, classes: Collection[str] | None
) -> DotaObject:
    fields = line.split()
    if len(fields) not in (9, 10):
        raise DotaFormatError(
            f'{where}: expected 9 or 10 columns, got {len(fields)}'
        )
    try:
        polygon = np.array(fields[:8], dtype=np.float64).reshape(4, 2)
    except ValueError as error:
        raise DotaFormatError(f'{where}: {error}') from error
    if not np.isfinite(polygon).all():
        raise DotaFormatError(f'{where}: coordinates are not finite')
    if classes is not None and fields[8] not in classes:
        raise DotaFormatError(
            f'{where}: unknown class {fields[8]!r}, expected one of '
            f'{tuple(classes)}'
        )
    difficulty = fields[9] if len(fields) == 10 else '0'
    if difficulty not in ('0', '1', '2'):
        raise DotaFormatError(
            f'{where}: difficulty must be 0, 1 or 2, got {difficulty!r}'
        )
    return DotaObject(polygon, fields[8], int(difficulty))
