"""Which objects go into the object pool, and their pixels."""

from dataclasses import dataclass

import cv2
import numpy as np

from mmhcm.functional.boxes import as_bboxes, clip_boxes
from mmhcm.functional.jpeg import is_cut_short
from mmhcm.structures.files import one_line

from .file import PoolError


@dataclass(frozen=True)
class CutTask:
    """One image and the objects to cut out of it.

    ``image_wh`` is the size that the image should have, if that is known.
    """

    img_path: str
    bboxes: np.ndarray
    context: float
    image_wh: tuple[int, int] | None = None


def try_to_cut(
    task: CutTask,
) -> list[tuple[np.ndarray, np.ndarray] | None] | PoolError:
    """See `cut_objects`; a broken image gives its fault."""
    try:
        return cut_objects(task)
    except PoolError as error:
        return error


def cut_objects(
    task: CutTask,
) -> list[tuple[np.ndarray, np.ndarray] | None]:
    """Pixels of each object, and its box (4,) xyxy inside them.

    None stands for an object that has no area inside its image. A process
    pool runs this, so it takes and returns what pickles.

    Raises:
        PoolError: the image is absent, no image or of another size.
    """
    if len(task.bboxes) == 0:
        return []
    image = read_image(task.img_path)
    height, width = image.shape[:2]
    if task.image_wh not in (None, (width, height)):
        raise PoolError(
            f'{task.img_path}: is {width} x {height} pixels, its data set '
            f'has {task.image_wh}'
        )
    clipped = clip_boxes(as_bboxes(task.bboxes), (0, 0, width, height))
    return [_cut_object(image, bbox, task.context) for bbox in clipped]


def read_image(img_path: str) -> np.ndarray:
    """Decode an image to uint8 BGR (h, w, 3), in its stored orientation.

    Annotations are drawn on the stored pixels, so the EXIF orientation is
    left alone, as ``LoadImage`` does too.

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
    image: np.ndarray, bbox: np.ndarray, context: float
) -> tuple[np.ndarray, np.ndarray] | None:
    wh = bbox[2:] - bbox[:2]
    if wh.min() <= 0:
        return None
    margin = np.maximum(np.ceil(context * wh), 2)
    height, width = image.shape[:2]
    left, top = np.maximum(np.floor(bbox[:2] - margin), 0).astype(int)
    right, bottom = np.minimum(
        np.ceil(bbox[2:] + margin), (width, height)
    ).astype(int)
    patch = np.ascontiguousarray(image[top:bottom, left:right])
    return patch, bbox - np.array([left, top, left, top], dtype=np.float32)
