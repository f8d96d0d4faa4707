"""Which objects go into the object pool, and their pixels."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np

from mmhcm.functional.balance import instance_counts
from mmhcm.functional.boxes import (
    as_bboxes,
    box_wh,
    clip_boxes,
)
from mmhcm.functional.cutouts import (
    clear_window,
    covered_shares,
    shared_boxes,
)
from mmhcm.functional.jpeg_layout import is_cut_short
from mmhcm.functional.looks import surround_looks
from mmhcm.functional.regions import union_shares
from mmhcm.functional.views import aspect_sums, log_aspects_of

from .plain_values import one_line
from .pool_file import PoolError


@dataclass(frozen=True)
class PoolOptions:
    """What goes into a pool.

    Attributes:
        context: pixels around an object, as a share of its side, on each
            side; at least 2 pixels where the image has them. Sides are cut
            where another object or an ignored region would be seen.
        min_size: smallest sqrt(area) in source pixels.
        max_size: largest sqrt(area) in source pixels.
        max_occlusion: highest occlusion (VisDrone: 0 none, 1 partial,
            2 heavy). Data sets without the field count as 0.
        max_truncation: highest truncation (VisDrone: 0 none, 1 partial).
        max_ignored: highest share of a box inside ignored regions.
        max_foreign: highest share of a box that other objects, of any class
            and ignored ones too, cover.
        max_per_class: at most so many objects of each class, drawn at random
            from those that pass; None takes all.
        seed: of that draw.
    """

    context: float = 0.25
    min_size: float = 12.0
    max_size: float = math.inf
    max_occlusion: int = 0
    max_truncation: int = 0
    max_ignored: float = 0.5
    max_foreign: float = 0.5
    max_per_class: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.context < math.inf:
            raise ValueError(f'context must be 0 or more, got {self.context}')
        if not 0 <= self.min_size <= self.max_size:
            raise ValueError(
                'min_size must be in [0, max_size], got '
                f'{self.min_size} and {self.max_size}'
            )
        if not 0 <= self.max_foreign <= 1:
            raise ValueError(
                f'max_foreign must be in 0..1, got {self.max_foreign}'
            )
        if self.max_per_class is not None and self.max_per_class < 1:
            raise ValueError(
                f'max_per_class must be positive, got {self.max_per_class}'
            )


@dataclass(frozen=True)
class Selection:
    """Objects of a data set.

    Attributes:
        image_inds: int64 (p,), image of each object, ascending.
        instance_inds: int64 (p,), its position among the image's instances.
        bboxes: float32 (p, 4) xyxy, source pixels.
        labels: int64 (p,).
        occlusions: int8 (p,).
        truncations: int8 (p,).
    """

    image_inds: np.ndarray
    instance_inds: np.ndarray
    bboxes: np.ndarray
    labels: np.ndarray
    occlusions: np.ndarray
    truncations: np.ndarray

    def take(self, keep: np.ndarray) -> 'Selection':
        """Those objects that ``keep``, a mask or indices, names."""
        return Selection(*(values[keep] for values in vars(self).values()))


def list_objects(images: Sequence[dict[str, Any]]) -> Selection:
    """All objects of ``images`` that are not ignored and have an area."""
    rows = [
        (image_ind, instance_ind, instance)
        for image_ind, info in enumerate(images)
        for instance_ind, instance in enumerate(info['instances'])
        if not instance['ignore_flag']
    ]
    objects = Selection(
        np.array([ind for ind, *_ in rows], dtype=np.int64),
        np.array([ind for _, ind, _ in rows], dtype=np.int64),
        as_bboxes([row['bbox'] for *_, row in rows]),
        np.array([row['bbox_label'] for *_, row in rows], dtype=np.int64),
        np.array([row.get('occlusion', 0) for *_, row in rows], np.int8),
        np.array([row.get('truncation', 0) for *_, row in rows], np.int8),
    )
    return objects.take(box_wh(objects.bboxes).min(axis=1, initial=1) > 0)


def instance_bboxes(info: dict[str, Any]) -> np.ndarray:
    """Boxes (n, 4) of all instances of an image, ignored ones too."""
    return as_bboxes([instance['bbox'] for instance in info['instances']])


def class_statistics(
    objects: Selection, num_classes: int
) -> dict[str, np.ndarray]:
    """``class_counts`` and ``class_log_sizes`` of an `ObjectPool`."""
    counts = instance_counts(objects.labels, num_classes)
    wh = objects.bboxes[:, 2:] - objects.bboxes[:, :2]
    log_sizes = np.log(wh.astype(np.float64)).mean(axis=1)
    sums = np.bincount(objects.labels, log_sizes, minlength=num_classes)
    means = np.full(num_classes, np.nan)
    np.divide(sums, counts, out=means, where=counts > 0)
    return {'class_counts': counts, 'class_log_sizes': means}


def image_aspects(
    objects: Selection, num_images: int, num_classes: int
) -> np.ndarray:
    """``aspect_sums`` of an `ObjectPool`."""
    sums = aspect_sums(
        objects.image_inds * num_classes + objects.labels,
        log_aspects_of(box_wh(objects.bboxes)),
        num_images * num_classes,
    )
    shape = (2, num_images, num_classes)
    # Without images, NumPy counts in integers.
    sums = sums.reshape(shape).astype(np.float64)
    return sums.transpose(1, 0, 2).copy()


def filter_objects(
    objects: Selection,
    images: Sequence[dict[str, Any]],
    options: PoolOptions,
) -> Selection:
    """Those of ``objects`` that ``options`` admit, in the same order."""
    sizes = np.sqrt(box_wh(objects.bboxes).prod(axis=1))
    keep = (options.min_size <= sizes) & (sizes <= options.max_size)
    keep &= objects.occlusions <= options.max_occlusion
    keep &= objects.truncations <= options.max_truncation
    starts = np.searchsorted(objects.image_inds, np.arange(len(images) + 1))
    for ind, info in enumerate(images):
        own = slice(starts[ind], starts[ind + 1])
        regions = as_bboxes(info.get('ignored_regions', []))
        if len(regions) and keep[own].any():
            shares = union_shares(objects.bboxes[own], regions)
            keep[own] &= shares <= options.max_ignored
        # Last, of the objects that are left, as it takes the longest.
        rows = starts[ind] + np.flatnonzero(keep[own])
        shares = covered_shares(
            instance_bboxes(info), objects.instance_inds[rows]
        )
        keep[rows] = shares <= options.max_foreign
    objects = objects.take(keep)
    if options.max_per_class is None:
        return objects
    rng = np.random.default_rng(options.seed)
    shuffled = rng.permutation(len(objects.labels))
    chosen = [
        shuffled[objects.labels[shuffled] == label][: options.max_per_class]
        for label in np.unique(objects.labels)
    ]
    return objects.take(np.sort(np.concatenate([[], *chosen]).astype(int)))


@dataclass(frozen=True)
class CutTask:
    """One image and the objects to cut out of it.

    Attributes:
        img_path: The image.
        inds: int (p,), which of ``bboxes`` are cut out.
        bboxes: (n, 4) xyxy of all that a patch may show, source pixels:
            instances, ignored ones too, and ignored regions.
        context: See `PoolOptions`.
        image_wh: The size that the image should have, if that is known.
    """

    img_path: str
    inds: np.ndarray
    bboxes: np.ndarray
    context: float
    image_wh: tuple[int, int] | None = None


class Cut(NamedTuple):
    """An object that was cut out.

    Attributes:
        patch: uint8 (h, w, 3) BGR.
        bbox: float32 (4,) xyxy of the object, pixels of the patch.
        foreign: float32 (k, 4) xyxy, what others cover of the object.
        look: float32 (4,), see ``looks.surround_looks``.
    """

    patch: np.ndarray
    bbox: np.ndarray
    foreign: np.ndarray
    look: np.ndarray


def plan_cut(
    info: dict[str, Any], inds: np.ndarray, context: float
) -> CutTask:
    """Make the task of cutting instances ``inds`` out of an image."""
    regions = as_bboxes(info.get('ignored_regions', []))
    return CutTask(
        str(info['img_path']),
        inds,
        np.concatenate([instance_bboxes(info), regions]),
        context,
        (info['width'], info['height']) if 'width' in info else None,
    )


def try_to_cut(task: CutTask) -> list[Cut | None] | PoolError:
    """See `cut_objects`; a broken image gives its fault."""
    try:
        return cut_objects(task)
    except PoolError as error:
        return error


def cut_objects(task: CutTask) -> list[Cut | None]:
    """Cut out the pixels of each object.

    None stands for an object that has no area inside its image. A process
    pool runs this, so it takes and returns what pickles.

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
    # Whole pixels: none of the others', and all of the object's.
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
    )
