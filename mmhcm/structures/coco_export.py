"""Rendered images as COCO json."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmhcm.functional.boxes import as_bboxes

from .annotations import SUPERCATEGORIES
from .files import atomic_write

FORMAT = 'mmhcm export'


def image_record(
    file_name: str,
    image_wh: tuple[int, int],
    annotations: Sequence[dict[str, Any]],
    **extra: Any,
) -> dict[str, Any]:
    """Describe one image with its annotations, for :func:`write_coco`.

    Args:
        file_name: Name of the image file.
        image_wh: Width and height of the image, pixels.
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
    """Turn boxes into COCO annotations without ids.

    Args:
        bboxes: (n, 4) xyxy, pixels of the image.
        labels: (n,), from 0; categories count from 1.
        ignored: bool (n,), exported as COCO's crowds.
        pasted: bool (n,); None if unknown.
    """
    # In float64, the difference of two float32 values is precise enough to
    # recover both corners.
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
        classes: Names of the classes; label i is category i + 1. The
            supercategory is person or vehicle for VisDrone's classes, object
            for other classes.
        description: Description of the images.
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
            {
                'id': number,
                'name': name,
                'supercategory': SUPERCATEGORIES.get(name, 'object'),
            }
            for number, name in enumerate(classes, 1)
        ],
    }
    with atomic_write(path) as file:
        file.write(json.dumps(content, allow_nan=False).encode())
