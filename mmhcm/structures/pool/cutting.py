"""Cutting of objects out of images."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np

from mmhcm.functional.boxes import as_bboxes, clip_boxes
from mmhcm.functional.jpeg import is_cut_short
from mmhcm.functional.pasting import clear_window, shared_boxes, surround_looks
from mmhcm.structures.files import one_line

from .file import PoolError


def instance_bboxes(info: dict[str, Any]) -> np.ndarray:
    """Return boxes (n, 4) of an image's instances, including ignored ones."""
    return as_bboxes([instance['bbox'] for instance in info['instances']])


@dataclass(frozen=True)
class CutTask:
    """One image and the objects to cut out of it.

    Attributes:
        img_path: The image.
        inds: int (p,), indices in ``bboxes`` of the objects to cut out.
        bboxes: (n, 4) xyxy, source pixels, of everything that a patch may
            show: instances, including ignored ones, and ignored regions.
        context: See `PoolOptions`.
        image_wh: Expected width and height of the image, if known.
    """

    img_path: str
    inds: np.ndarray
    bboxes: np.ndarray
    context: float
    image_wh: tuple[int, int] | None = None


class Cut(NamedTuple):
    """Object that was cut out.

    Attributes:
        patch: uint8 (h, w, 3) BGR.
        bbox: float32 (4,) xyxy of the object, pixels of the patch.
        foreign: float32 (k, 4) xyxy, parts of the object that other objects
            or ignored regions cover, pixels of the patch.
        look: float32 (4,), see ``looks.surround_looks``.
        origin: float32 (2,), x and y of the patch, source pixels.
    """

    patch: np.ndarray
    bbox: np.ndarray
    foreign: np.ndarray
    look: np.ndarray
    origin: np.ndarray


def plan_cut(
    info: dict[str, Any], inds: np.ndarray, context: float
) -> CutTask:
    """Create the task of cutting instances ``inds`` out of an image."""
    regions = as_bboxes(info.get('ignored_regions', []))
    return CutTask(
        str(info['img_path']),
        inds,
        np.concatenate([instance_bboxes(info), regions]),
        context,
        (info['width'], info['height']) if 'width' in info else None,
    )


def try_to_cut(task: CutTask) -> list[Cut | None] | PoolError:
    """Call `cut_objects`; return the error of a broken image."""
    try:
        return cut_objects(task)
    except PoolError as error:
        return error


def cut_objects(task: CutTask) -> list[Cut | None]:
    """Cut out the pixels of each object.

    None stands for an object that has no area inside its image. Arguments and
    results are picklable, for process pools.

    Raises:
        PoolError: the image is absent, no image or of another size.
    """
    if len(task.inds) == 0:
        return []
    image = read_image(task.img_path)
    height, width = image.shape[:2]
    if task.image_wh not in (None, (width, height)):
        raise PoolError(
            f'{task.img_path}: is {width} x {height} pixels, its data set '
            f'has {task.image_wh}'
        )
    clipped = clip_boxes(as_bboxes(task.bboxes), (0, 0, width, height))
    looks = surround_looks(image, clipped[task.inds])
    return [
        _cut_object(image, ind, clipped, look, task.context)
        for ind, look in zip(task.inds, looks, strict=True)
    ]


def read_image(img_path: str) -> np.ndarray:
    """Decode an image to uint8 BGR (h, w, 3), in its stored orientation.

    Annotations are drawn on the stored pixels, so the EXIF orientation is
    ignored, as in ``LoadImage``.

    Raises:
        PoolError: the image is absent, no image or cut short.
    """
    try:
        content = np.fromfile(img_path, dtype=np.uint8)
    except OSError as error:
        raise PoolError(
            f'{img_path}: cannot be read: {error.strerror}'
        ) from error
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    if is_cut_short(content.tobytes()):
        raise PoolError(f'{img_path}: the JPEG file is cut short')
    try:
        image = cv2.imdecode(content, flags) if len(content) else None
    except cv2.error as error:
        # Too many pixels, or no memory for them.
        raise PoolError(f'{img_path}: {one_line(error, None)}') from error
    if image is None:
        raise PoolError(f'{img_path}: is not an image that OpenCV can decode')
    return image


def _cut_object(
    image: np.ndarray,
    ind: int,
    bboxes: np.ndarray,
    look: np.ndarray,
    context: float,
) -> Cut | None:
    bbox, others = bboxes[ind], np.delete(bboxes, ind, axis=0)
    wh = bbox[2:] - bbox[:2]
    if wh.min() <= 0:
        return None
    margin = np.maximum(np.ceil(context * wh), 2)
    height, width = image.shape[:2]
    start = np.maximum(np.floor(bbox[:2] - margin), 0)
    stop = np.minimum(np.ceil(bbox[2:] + margin), (width, height))
    window = clear_window(bbox, np.concatenate([start, stop]), others)
    # Whole pixels: none of other objects, and all of the object.
    left, top = np.minimum(np.ceil(window[:2]), bbox[:2]).astype(int)
    right, bottom = np.ceil(np.maximum(np.floor(window[2:]), bbox[2:])).astype(
        int
    )
    origin = np.array([left, top, left, top], dtype=np.float32)
    return Cut(
        np.ascontiguousarray(image[top:bottom, left:right]),
        bbox - origin,
        shared_boxes(bbox, others) - origin,
        look,
        origin[:2],
    )
