"""The object pool: the pixels of a data set's objects in one packed file.

The layout of the files is described in `mmhcm.structures.pool_file`.
"""

import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

import cv2
import numpy as np

from mmhcm.functional.boxes import as_bboxes

from .file_checksums import FileChecksums, checksum_files
from .files import atomic_write, fingerprint
from .pool_cutting import (
    CutTask,
    PoolOptions,
    class_statistics,
    filter_objects,
    list_objects,
    try_to_cut,
)
from .pool_file import (
    INDEX,
    PIXELS,
    PoolError,
    StalePoolError,
    checksum,
    map_pixels,
    read_index,
    write_index,
)
from .tally import Tally

__all__ = [
    'ObjectPool',
    'PoolError',
    'PoolOptions',
    'StalePoolError',
    'build_pool',
    'pool_fingerprint',
]

# One task of a worker process; larger ones mean fewer round trips, but more
# finished patches that wait in memory.
_IMAGES_PER_TASK = 4


class ObjectPool:
    """Patches of objects, memory-mapped: workers share one copy.

    Pickling takes the path along and opens the pool anew on the other side.

    Attributes:
        path: folder of the pool.
        fingerprint: digest of what the pool was made from.
        bboxes: float32 (p, 4) xyxy of each object in pixels of its patch.
        labels: int64 (p,).
        image_inds: int64 (p,), indices into ``image_names``.
        image_names: str (images,), names of the source images.
        source_bboxes: float32 (p, 4) xyxy, source pixels.
        occlusions: int8 (p,).
        truncations: int8 (p,).
        class_counts: int64 (c,), objects of the data set before filters.
        class_log_sizes: float64 (c,), mean log sqrt(area) in source pixels,
            before filters; NaN for a class without objects.
    """

    bboxes: np.ndarray
    labels: np.ndarray
    image_inds: np.ndarray
    image_names: np.ndarray
    source_bboxes: np.ndarray
    occlusions: np.ndarray
    truncations: np.ndarray
    class_counts: np.ndarray
    class_log_sizes: np.ndarray

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        index = read_index(self.path / INDEX)
        self.fingerprint = str(index.pop('fingerprint'))
        self._offsets = index.pop('offsets')
        self._shapes = index.pop('shapes')
        self._checksums = index.pop('checksums')
        for name, values in index.items():
            setattr(self, name, values)
        self._pixels = map_pixels(
            self.path / PIXELS, self.fingerprint, int(self._offsets[-1])
        )

    @classmethod
    def open(
        cls, path: str | Path, expected_fingerprint: str | None = None
    ) -> Self:
        """Open the pool in the folder ``path``.

        Args:
            path: folder of the pool.
            expected_fingerprint: what `pool_fingerprint` says of the present
                inputs; None takes any pool.

        Raises:
            StalePoolError: there is no pool, or it is of another version, of
                other inputs, damaged or cut short.
            PoolError: the files are something else.
        """
        pool = cls(path)
        if expected_fingerprint not in (None, pool.fingerprint):
            raise StalePoolError(
                f'{pool.path}: the object pool was made from other boxes or '
                'settings; build it again'
            )
        return pool

    @classmethod
    def exists(
        cls, path: str | Path, expected_fingerprint: str | None = None
    ) -> bool:
        """Whether `open` would succeed.

        Raises:
            PoolError: something else lies there, which should not be
                overwritten.
        """
        try:
            cls.open(path, expected_fingerprint)
        except StalePoolError:
            return False
        return True

    def patch(self, ind: int) -> np.ndarray:
        """Patch ``ind``, a read-only view, uint8 (h, w, 3) BGR.

        Raises:
            PoolError: its pixels are not those that were written.
        """
        shape = self.patch_shape(ind)
        pixels = self._pixels[self._offsets[ind] : self._offsets[ind + 1]]
        if checksum(pixels) != self._checksums[ind]:
            raise PoolError(
                f'{self.path / PIXELS}: patch {ind} is damaged; remove the '
                'object pool, and it is built again'
            )
        return pixels.reshape(shape)

    def patch_shape(self, ind: int) -> tuple[int, int, int]:
        """Height, width and channels of patch ``ind``."""
        if not 0 <= ind < len(self):
            raise IndexError(f'patch {ind} of {len(self)}')
        height, width = self._shapes[ind].tolist()
        return height, width, 3

    def __len__(self) -> int:
        return len(self.labels)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).open, (self.path, self.fingerprint)

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}({str(self.path)!r}, {len(self)} patches)'
        )


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
        'object pool 3',
        num_classes,
        asdict(PoolOptions(**options)),
        list(map(_image_name, images)),
        checksums.lengths,
        checksums.values,
        *vars(objects).values(),
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
    objects = filter_objects(everything, images, settings)
    starts = np.searchsorted(objects.image_inds, np.arange(len(images) + 1))
    tasks = [
        CutTask(
            str(info['img_path']),
            objects.bboxes[start:end],
            settings.context,
            (info['width'], info['height']) if 'width' in info else None,
        )
        for info, start, end in zip(
            images, starts[:-1], starts[1:], strict=True
        )
    ]
    patch_bboxes, shapes, patch_checksums, cut_inds = [], [], [], []
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
                patch, bbox = cut
                file.write(patch.tobytes())
                patch_bboxes.append(bbox)
                shapes.append(patch.shape[:2])
                patch_checksums.append(checksum(patch))
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
            'labels': objects.labels,
            'image_inds': objects.image_inds,
            'image_names': np.array([_image_name(i) for i in images], str),
            'source_bboxes': objects.bboxes,
            'occlusions': objects.occlusions,
            'truncations': objects.truncations,
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
) -> Iterator[
    Iterable[list[tuple[np.ndarray, np.ndarray] | None] | PoolError]
]:
    if num_workers <= 1 or len(tasks) <= 1:
        yield map(try_to_cut, tasks)
        return
    # A fork would copy the threads' locks of whatever runs in this process.
    context = multiprocessing.get_context('spawn')
    with context.Pool(
        min(num_workers, len(tasks)), cv2.setNumThreads, (1,)
    ) as workers:
        yield workers.imap(try_to_cut, tasks, _IMAGES_PER_TASK)
