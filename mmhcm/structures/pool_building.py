"""Cutting the objects of a data set into an object pool."""

import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mmhcm.functional.boxes import as_bboxes

from .file_checksums import FileChecksums, checksum_files
from .files import atomic_write, fingerprint
from .object_pool import ObjectPool, PoolError
from .pool_cutting import (
    Cut,
    CutTask,
    PoolOptions,
    class_statistics,
    filter_objects,
    image_aspects,
    instance_bboxes,
    list_objects,
    plan_cut,
    try_to_cut,
)
from .pool_file import INDEX, PIXELS, checksum, write_index
from .tally import Tally

# One task of a worker process; larger ones mean fewer round trips, but more
# finished patches that wait in memory.
_IMAGES_PER_TASK = 4


def pool_fingerprint(
    images: Sequence[dict[str, Any]],
    *,
    num_classes: int,
    checksums: FileChecksums | None = None,
    **options: Any,
) -> str:
    """Digest of what a pool is made from, wherever it lies.

    Images count by their files' bytes, so that copies of a data set are the
    same.

    Args:
        images: see `build_pool`.
        num_classes: number of classes.
        checksums: of the images' files. Defaults to None: all are read.
        **options: fields of `PoolOptions`.
    """
    objects = list_objects(images)
    if checksums is None:
        checksums = checksum_files([info['img_path'] for info in images])
    return fingerprint(
        'object pool 5',
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
    tally: Tally | None = None,
    checksums: FileChecksums | None = None,
    **options: Any,
) -> ObjectPool:
    """Cut the objects out of all images and write the pool, or nothing.

    The files are the same to the byte for any number of workers. A pool that
    was in the folder stays usable until the new one is complete.

    Args:
        path: folder of the pool, made if absent.
        images: data infos with ``img_path``, ``img_id``, ``instances`` and
            ``ignored_regions``, as the data sets of this project give them.
        num_classes: number of classes.
        num_workers: processes that decode and cut; with 1 this one does. With
            more, a script has to guard its main part by ``__name__``.
        progress: called with 1 after each image.
        tally: is told of broken images, whose objects are left out.
            Defaults to None: a broken image is an error.
        checksums: see `pool_fingerprint`.
        **options: fields of `PoolOptions`.

    Raises:
        PoolError: an image is broken, or the folder holds something else
            under the pool's names.
    """
    path = Path(path)
    ObjectPool.exists(path)  # raises for files that are not ours
    settings = PoolOptions(**options)
    digest = pool_fingerprint(
        images, num_classes=num_classes, checksums=checksums, **options
    )
    everything = list_objects(images)
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
    with (
        atomic_write(path / PIXELS) as file,
        _map_in_order(tasks, num_workers) as results,
    ):
        file.write(digest.encode())
        for image_ind, cuts in enumerate(results):
            if isinstance(cuts, PoolError):
                if tally is None:
                    raise cuts
                tally.add('broken images without objects in the pool', cuts)
                cuts = []
            for ind, cut in enumerate(cuts, starts[image_ind]):
                if cut is None:
                    continue
                file.write(cut.patch.tobytes())
                patch_bboxes.append(cut.bbox)
                foreign.append(cut.foreign)
                looks.append(cut.look)
                shapes.append(cut.patch.shape[:2])
                patch_checksums.append(checksum(cut.patch))
                cut_inds.append(ind)
            if progress is not None:
                progress(1)
    objects = objects.take(np.array(cut_inds, dtype=np.int64))
    # If this is not reached, the fingerprint in the pixels gives it away.
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
            'image_names': np.array([_image_name(i) for i in images], str),
            'source_bboxes': objects.bboxes,
            'occlusions': objects.occlusions,
            'truncations': objects.truncations,
            'looks': np.array(looks, dtype=np.float32).reshape(-1, 4),
            'aspect_sums': views,
            **statistics,
        },
    )
    return ObjectPool.open(path, digest)


def _image_name(info: dict[str, Any]) -> str:
    """Name of an image, the same wherever the data set lies."""
    return str(info.get('img_id', Path(info['img_path']).stem))


@contextmanager
def _map_in_order(
    tasks: list[CutTask], num_workers: int
) -> Iterator[Iterable[list[Cut | None] | PoolError]]:
    if num_workers <= 1 or len(tasks) <= 1:
        yield map(try_to_cut, tasks)
        return
    # A fork would copy the threads' locks of whatever runs in this process.
    context = multiprocessing.get_context('spawn')
    with context.Pool(
        min(num_workers, len(tasks)), cv2.setNumThreads, (1,)
    ) as workers:
        yield workers.imap(try_to_cut, tasks, _IMAGES_PER_TASK)
