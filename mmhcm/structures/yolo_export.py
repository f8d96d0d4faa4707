"""Boxes as YOLO label files, and the yaml file of their data set."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmhcm.functional.boxes import as_bboxes

from .files import atomic_write

_DECIMALS = 7


def yolo_rows(
    bboxes: np.ndarray, labels: np.ndarray, image_wh: tuple[int, int]
) -> str:
    r"""Format boxes as rows ``class x_centre y_centre width height``.

    Args:
        bboxes: (n, 4) xyxy, pixels; clipped to the image.
        labels: (n,), from 0.
        image_wh: Width and height of the image, pixels.

    Returns:
        A row for each box with an area in the image, as shares of the image's
        size.

    Examples:
        >>> yolo_rows([[0, 0, 50, 20]], [3], image_wh=(100, 40))
        '3 0.2500000 0.2500000 0.5000000 0.5000000\n'
    """
    whole = np.array([*image_wh, *image_wh], dtype=np.float64)
    corners = as_bboxes(bboxes).astype(np.float64) / whole
    corners = corners.clip(0, 1)
    rows = []
    for label, (x1, y1, x2, y2) in zip(labels, corners.tolist(), strict=True):
        if x2 > x1 and y2 > y1:
            values = (x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1
            texts = ' '.join(f'{value:.{_DECIMALS}f}' for value in values)
            rows.append(f'{int(label)} {texts}\n')
    return ''.join(rows)


def write_yolo_yaml(folder: str | Path, classes: Sequence[str]) -> Path:
    """Write ``data.yaml`` for all parts in ``folder/images/``.

    Args:
        folder: Folder whose ``images/`` and ``labels/`` have a folder for each
            part.
        classes: Names of the classes, in the order of the labels.

    Returns:
        The file.
    """
    path = Path(folder, 'data.yaml')
    parts = sorted(item.name for item in Path(folder, 'images').iterdir())
    # Trainers require both keys.
    keys = {key: parts[0] for key in ('train', 'val')}
    keys.update({name: name for name in parts})
    lines = [
        # Quoted as in JSON, which is valid YAML.
        *(
            f'{key}: {json.dumps(f"images/{part}")}'
            for key, part in keys.items()
        ),
        'names:',
        *(
            f'  {label}: {json.dumps(name)}'
            for label, name in enumerate(classes)
        ),
    ]
    with atomic_write(path) as file:
        file.write(('\n'.join(lines) + '\n').encode())
    return path
