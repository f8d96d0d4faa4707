"""What all kinds of pictures have in common."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from mmhcm.functional.boxes import as_bboxes
from mmhcm.structures.files import atomic_write
from mmhcm.structures.rounds import ErrorBox
from mmhcm.visualization.pictures import ErrorMarks, ObjectMarks, contact_sheet

#: Bytes of a picture's name without its suffix; disks take 255 in all.
_MAX_STEM = 200


def error_text(error: ErrorBox, classes: Sequence[str]) -> str:
    """What went wrong, such as 'car as van'."""
    if error.kind == 'missed':
        return f'missed {classes[error.gt_label]}'
    true = 'background' if error.gt_label < 0 else classes[error.gt_label]
    return f'{true} as {classes[error.det_label]}'


def error_marks(
    errors: Sequence[ErrorBox],
    classes: Sequence[str],
    bboxes: np.ndarray | None = None,
    tag_missed: bool = True,
) -> ErrorMarks:
    """Errors as marks, by default with their own boxes.

    Without tags on missed objects a crowded picture stays readable; their
    style tells them apart anyway.
    """
    if bboxes is None:
        bboxes = as_bboxes([error.bbox for error in errors])
    return ErrorMarks(
        bboxes,
        [error.kind for error in errors],
        [
            error_text(error, classes)
            if tag_missed or error.kind != 'missed'
            else ''
            for error in errors
        ],
    )


def object_marks(instances: Sequence[dict]) -> ObjectMarks:
    """Objects of a data info as marks, in its own pixels."""
    return ObjectMarks(
        as_bboxes([item['bbox'] for item in instances]),
        np.array([item['bbox_label'] for item in instances], dtype=np.int64),
        [bool(item['ignore_flag']) for item in instances],
        [bool(item.get('pasted')) for item in instances],
    )


def class_style(metainfo: dict) -> dict[str, Any]:
    """Names and colours of the classes, as ``draw_marks`` takes them."""
    classes = metainfo['classes']
    palette = metainfo.get('palette')
    if palette is None or len(palette) < len(classes):
        rng = np.random.default_rng(0)
        palette = rng.integers(60, 256, (len(classes), 3)).tolist()
    return {'classes': classes, 'palette': palette}


def draw_indices(total: int, num: int, seed: int) -> np.ndarray:
    """Draw ``num`` different numbers below ``total``, ascending."""
    rng = np.random.default_rng(seed)
    return np.sort(rng.permutation(total)[:num])


def save_pictures(
    out_dir: Path,
    kind: str,
    inds: np.ndarray,
    picture: Callable[[int], tuple[str, np.ndarray]],
) -> list[Path]:
    """Write a picture for each index, and the contact sheet."""
    paths, images = [], []
    for ind in tqdm(inds.tolist(), f'drawing {kind}', leave=False):
        name, image = picture(ind)
        stem = _short(f'{kind}_{name}', ind)
        paths.append(write_picture(out_dir / f'{stem}.png', image))
        images.append(image)
    sheet = contact_sheet(images)
    return [*paths, write_picture(out_dir / f'{kind}.jpg', sheet)]


def _short(stem: str, ind: int) -> str:
    """A stem that disks take as a name; ``ind`` tells it from the others."""
    encoded = stem.encode(errors='surrogateescape')
    if len(encoded) <= _MAX_STEM:
        return stem
    # A letter that is cut in two is left out.
    start = encoded[: _MAX_STEM - 20].decode(errors='ignore')
    return f'{start}_{ind}'


def write_picture(path: Path, picture: np.ndarray) -> Path:
    """Write a picture, whole or not at all, in the format of its suffix."""
    done, encoded = cv2.imencode(path.suffix, picture)
    assert done, f'OpenCV encodes every picture, but not {path}'
    with atomic_write(path) as file:
        file.write(encoded.tobytes())
    return path
