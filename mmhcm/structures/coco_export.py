"""Rendered images as COCO json, and the log that lets an export go on.

The log is one file of JSON lines: a header, then a line for every image that
is on the disk, with a digest of what it was rendered from. The last line of a
name counts; a line that was cut off by an interruption counts as absent.
"""

import errno
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmhcm.functional.boxes import as_bboxes

from .files import atomic_write, check_fields, naming, parse_json

FORMAT = 'mmhcm export'
VERSION = 1


class ExportLogError(ValueError):
    """A log of an export is damaged or foreign."""


@dataclass
class _Logged:
    """Types of what is looked at in a line."""

    digest: str
    file_name: str
    width: int
    height: int
    annotations: list


class ExportLog:
    """Images that are finished; use it as a context.

    Args:
        path: The file, made if absent.

    Raises:
        ExportLogError: the file is something else, or damaged; names file
            and line.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._records: dict[str, tuple[str, dict[str, Any]]] = {}
        if self.path.exists():
            self._read()

    def __enter__(self) -> 'ExportLog':
        with atomic_write(self.path) as file:
            file.write(_line({'format': FORMAT, 'version': VERSION}))
            for digest, record in self._records.values():
                file.write(_line({'digest': digest, 'image': record}))
        # Without a buffer nothing is left to fail when it is closed.
        self._file = self.path.open('ab', buffering=0)
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def get(self, name: str, digest: str) -> dict[str, Any] | None:
        """Record of an image if it was rendered from the same."""
        known, record = self._records.get(name, ('', None))
        return record if known == digest else None

    def add(self, name: str, digest: str, record: dict[str, Any]) -> None:
        """Note that an image is on the disk.

        Raises:
            OSError: the disk is full; the message names the file.
        """
        self._records[name] = digest, record
        line = _line({'digest': digest, 'image': record})
        with naming(self.path):
            if self._file.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _read(self) -> None:
        lines = self.path.read_bytes().split(b'\n')
        # Behind the last line's end is nothing, or a line cut short.
        for number, line in enumerate(lines[:-1], 1):
            where = f'{self.path}:{number}'
            try:
                values = parse_json(line)
                if number == 1:
                    ours = (values['format'], values['version'])
                    if ours != (FORMAT, VERSION):
                        raise ExportLogError(
                            f'{where}: {str(ours)[:80]!r}, expected '
                            f'{(FORMAT, VERSION)}'
                        )
                    continue
                record = values['image']
                check_fields(_Logged, {**record, 'digest': values['digest']})
                self._records[record['file_name']] = values['digest'], record
            except ExportLogError:
                raise
            except (KeyError, TypeError, ValueError) as error:
                raise ExportLogError(f'{where}: not our log') from error
        if len(lines) == 1 and lines[0]:
            raise ExportLogError(f'{self.path}:1: not our log')


def image_record(
    file_name: str,
    image_wh: tuple[int, int],
    annotations: Sequence[dict[str, Any]],
    **extra: Any,
) -> dict[str, Any]:
    """One image with its annotations, as the log holds it.

    Args:
        file_name: Name of the image file.
        image_wh: Its width and height, pixels.
        annotations: From :func:`annotation_records`.
        extra: Further keys of the image, plain values.
    """
    width, height = image_wh
    return {
        'file_name': file_name,
        'width': int(width),
        'height': int(height),
        **extra,
        'annotations': list(annotations),
    }


def annotation_records(
    bboxes: np.ndarray,
    labels: np.ndarray,
    ignored: np.ndarray,
    pasted: Sequence[bool] | None = None,
) -> list[dict[str, Any]]:
    """COCO annotations without their ids.

    Args:
        bboxes: (n, 4) xyxy, pixels of the image.
        labels: (n,), from 0; categories count from 1.
        ignored: bool (n,), crowds in COCO's words.
        pasted: bool (n,), or None where it is not known.
    """
    # float64 holds the difference of two float32 well enough to get both
    # corners back.
    corners = as_bboxes(bboxes).astype(np.float64)
    records = []
    for ind, (x1, y1, x2, y2) in enumerate(corners.tolist()):
        record = {
            'category_id': int(labels[ind]) + 1,
            'bbox': [x1, y1, x2 - x1, y2 - y1],
            'area': (x2 - x1) * (y2 - y1),
            'iscrowd': int(ignored[ind]),
        }
        if pasted is not None:
            record['pasted'] = int(pasted[ind])
        records.append(record)
    return records


def write_coco(
    path: str | Path,
    images: Iterable[tuple[int, dict[str, Any]]],
    classes: Sequence[str],
    description: str = '',
) -> None:
    """Write one COCO json, whole or not at all.

    Args:
        path: The file.
        images: Id and :func:`image_record` of each image.
        classes: Names of the classes; label i is category i + 1.
        description: What the images are.
    """
    image_infos: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for image_id, record in images:
        info = {k: v for k, v in record.items() if k != 'annotations'}
        image_infos.append({'id': image_id, **info})
        for annotation in record['annotations']:
            number = len(annotations) + 1
            annotations.append(
                {'id': number, 'image_id': image_id, **annotation}
            )
    content = {
        'info': {'description': description, 'format': FORMAT},
        'licenses': [],
        'images': image_infos,
        'annotations': annotations,
        'categories': [
            {'id': number, 'name': name}
            for number, name in enumerate(classes, 1)
        ],
    }
    with atomic_write(path) as file:
        file.write(json.dumps(content, allow_nan=False).encode())


def _line(values: dict[str, Any]) -> bytes:
    return json.dumps(values, allow_nan=False).encode() + b'\n'
