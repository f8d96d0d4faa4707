"""Building of an object pool from the objects of a data set."""

import math
import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mmhcm.functional.boxes import as_bboxes, box_wh
from mmhcm.functional.pasting import (
    aspect_sums,
    covered_shares,
    instance_counts,
    log_aspects_of,
)
from mmhcm.functional.regions import union_shares
from mmhcm.structures.fault_counter import FaultCounter
from mmhcm.structures.files import (
    FileChecksums,
    atomic_write,
    checksum_files,
    fingerprint,
)

from .cutting import Cut, CutTask, instance_bboxes, plan_cut, try_to_cut
from .file import INDEX, PIXELS, PoolError, checksum, write_index
from .object_pool import ObjectPool

# Images of one task of a worker process; larger tasks mean fewer round trips,
# but more finished patches that wait in memory.
_IMAGES_PER_TASK = 4


def pool_fingerprint(
    images: Sequence[dict[str, Any]],
    *,
    num_classes: int,
    objects: 'Selection | None' = None,
    checksums: FileChecksums | None = None,
    **options: Any,
) -> str:
    """Return a digest of a pool's inputs, independent of the data set's path.

    The digest includes the bytes of the image files, so that copies of a data
    set give equal digests.

    Args:
        images: see `build_pool`.
        num_classes: number of classes.
        objects: all objects. Defaults to None: the result of `list_objects`.
        checksums: checksums of the image files. Defaults to None: all files
            are read.
        **options: fields of `PoolOptions`.
    """
    if objects is None:
        objects = list_objects(images)
    if checksums is None:
        checksums = checksum_files([info['img_path'] for info in images])
    return fingerprint(
        'object pool 6',
        num_classes,
        asdict(PoolOptions(**options)),
        list(map(_image_name, images)),
        checksums.lengths,
        checksums.values,
        *vars(objects).values(),
        *map(instance_bboxes, images),
        *(as_bboxes(info.get('ignored_regions', [])) for info in images),
    )


def build_pool(
    path: str | Path,
    images: Sequence[dict[str, Any]],
    *,
    num_classes: int,
    num_workers: int = 1,
    progress: Callable[[int], object] | None = None,
    counter: FaultCounter | None = None,
    objects: 'Selection | None' = None,
    checksums: FileChecksums | None = None,
    **options: Any,
) -> ObjectPool:
    """Cut the objects out of all images and write the pool, or nothing.

    The files are byte-identical for any number of workers. An existing pool in
    the folder stays usable until all patches are cut.

    Args:
        path: folder of the pool, made if absent.
        images: data infos with ``img_path``, ``img_id``, ``instances`` and
            ``ignored_regions``, as in the data sets of this project.
        num_classes: number of classes.
        num_workers: processes that decode and cut; 1 uses the calling process.
            With more, a script must guard its main part by ``__name__``.
        progress: called with 1 after each image.
        counter: counts broken images, whose objects are left out.
            Defaults to None: a broken image is an error.
        objects: see `pool_fingerprint`.
        checksums: see `pool_fingerprint`.
        **options: fields of `PoolOptions`.

    Raises:
        PoolError: an image is broken, or the folder holds other files under
            the pool's names.
    """
    path = Path(path)
    ObjectPool.exists(path)  # raises for files that are not a pool
    settings = PoolOptions(**options)
    everything = list_objects(images) if objects is None else objects
    digest = pool_fingerprint(
        images,
        num_classes=num_classes,
        objects=everything,
        checksums=checksums,
        **options,
    )
    statistics = class_statistics(everything, num_classes)
    views = image_aspects(everything, len(images), num_classes)
    objects = filter_objects(everything, images, settings)
    starts = np.searchsorted(objects.image_inds, np.arange(len(images) + 1))
    tasks = [
        plan_cut(info, objects.instance_inds[start:end], settings.context)
        for info, start, end in zip(
            images, starts[:-1], starts[1:], strict=True
        )
    ]
    patch_bboxes, shapes, patch_checksums, cut_inds = [], [], [], []
    foreign = [as_bboxes([])]
    looks: list[np.ndarray] = []
    origins: list[np.ndarray] = []
    with (
        atomic_write(path / PIXELS) as file,
        _map_in_order(tasks, num_workers) as results,
    ):
        file.write(digest.encode())
        for image_ind, cuts in enumerate(results):
            if isinstance(cuts, PoolError):
                if counter is None:
                    raise cuts
                counter.add('broken images without objects in the pool', cuts)
                cuts = []
            for ind, cut in enumerate(cuts, starts[image_ind]):
                if cut is None:
                    continue
                file.write(cut.patch.tobytes())
                patch_bboxes.append(cut.bbox)
                foreign.append(cut.foreign)
                looks.append(cut.look)
                origins.append(cut.origin)
                shapes.append(cut.patch.shape[:2])
                patch_checksums.append(checksum(cut.patch))
                cut_inds.append(ind)
            if progress is not None:
                progress(1)
    objects = objects.take(np.array(cut_inds, dtype=np.int64))
    # The fingerprint in the pixels shows if the index is not written.
    write_index(
        path / INDEX,
        digest,
        {
            'shapes': np.array(shapes, dtype=np.int64).reshape(-1, 2),
            'checksums': np.array(patch_checksums, dtype=np.uint32),
            'bboxes': as_bboxes(patch_bboxes),
            'foreign_counts': np.array(
                [len(boxes) for boxes in foreign[1:]], dtype=np.int64
            ),
            'foreign_bboxes': np.concatenate(foreign),
            'labels': objects.labels,
            'image_inds': objects.image_inds,
            'looks': np.array(looks, dtype=np.float32).reshape(-1, 4),
            'origins': np.array(origins, dtype=np.float32).reshape(-1, 2),
            'aspect_sums': views,
            **statistics,
        },
    )
    return ObjectPool.open(path, digest)


def _image_name(info: dict[str, Any]) -> str:
    """Return the name of an image, independent of the path of the data set."""
    return str(info.get('img_id', Path(info['img_path']).stem))


@contextmanager
def _map_in_order(
    tasks: list[CutTask], num_workers: int
) -> Iterator[Iterable[list[Cut | None] | PoolError]]:
    if num_workers <= 1 or len(tasks) <= 1:
        yield map(try_to_cut, tasks)
        return
    # A fork would copy the locks of other threads in this process.
    context = multiprocessing.get_context('spawn')
    with context.Pool(
        min(num_workers, len(tasks)), cv2.setNumThreads, (1,)
    ) as workers:
        yield workers.imap(try_to_cut, tasks, _IMAGES_PER_TASK)


@dataclass(frozen=True)
class PoolOptions:
    """Options of a pool.

    Attributes:
        context: margin around an object, as a share of the object's side, on
            each side; at least 2 pixels if inside the image. Sides are cut
            where another object or an ignored region would be visible.
        min_size: smallest sqrt(area) in source pixels.
        max_size: largest sqrt(area) in source pixels.
        max_occlusion: highest occlusion (VisDrone: 0 none, 1 partial,
            2 heavy). 0 for data sets without the field.
        max_truncation: highest truncation (VisDrone: 0 none, 1 partial).
        max_ignored: highest share of a box inside ignored regions.
        max_foreign: highest share of a box that is covered by other objects
            of any class, including ignored objects.
        max_per_class: maximum number of objects of each class, drawn at random
            from the objects that pass the filters; None keeps all.
        seed: seed of the draw for ``max_per_class``.
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
        instance_inds: int64 (p,), index of each object among the image's
            instances.
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
        """Take the objects that ``keep`` selects, a mask or indices."""
        return Selection(*(values[keep] for values in vars(self).values()))


def list_objects(images: Sequence[dict[str, Any]]) -> Selection:
    """List the objects of ``images`` that are not ignored and have area."""
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


def class_statistics(
    objects: Selection, num_classes: int
) -> dict[str, np.ndarray]:
    """Compute an `ObjectPool`'s ``class_counts`` and ``class_log_sizes``."""
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
    """Compute ``aspect_sums`` of an `ObjectPool`."""
    sums = aspect_sums(
        objects.image_inds * num_classes + objects.labels,
        log_aspects_of(box_wh(objects.bboxes)),
        num_images * num_classes,
    )
    shape = (2, num_images, num_classes)
    # Without images, NumPy returns integers.
    sums = sums.reshape(shape).astype(np.float64)
    return sums.transpose(1, 0, 2).copy()


def filter_objects(
    objects: Selection,
    images: Sequence[dict[str, Any]],
    options: PoolOptions,
) -> Selection:
    """Keep the ``objects`` that ``options`` admit, in the same order."""
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
        # Last, for the remaining objects only, because it takes the longest.
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
