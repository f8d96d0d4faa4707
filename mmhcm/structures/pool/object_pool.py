"""Object pool: the pixels of a data set's objects in one packed file.

The layout of the files is described in `mmhcm.structures.pool.file`.
"""

from pathlib import Path
from typing import Any

import numpy as np

from .file import (
    INDEX,
    PIXELS,
    PoolError,
    StalePoolError,
    checksum,
    map_pixels,
    read_index,
)


class ObjectPool:
    """Patches of objects, memory-mapped: workers share one copy.

    Pickling stores the path; unpickling opens the pool again.

    Attributes:
        path: folder of the pool.
        fingerprint: digest of the pool's inputs.
        bboxes: float32 (p, 4) xyxy of each object in pixels of its patch.
        labels: int64 (p,).
        image_inds: int64 (p,), source image of each object.
        foreign_bboxes: float32 (f, 4) xyxy, parts of each object that other
            objects or ignored regions cover, patch after patch; see `foreign`.
        looks: float32 (p, 4), colour and contrast around each object in its
            source image, see ``looks.surround_looks``.
        origins: float32 (p, 2), x and y of each patch in its source image,
            pixels.
        class_counts: int64 (c,), objects of the data set before filters.
        class_log_sizes: float64 (c,), mean log sqrt(area) in source pixels,
            before filters; NaN for a class without objects.
        aspect_sums: float64 (images, 2, c) of each source image, before
            filters, see ``views.aspect_sums``.
    """

    bboxes: np.ndarray
    labels: np.ndarray
    image_inds: np.ndarray
    foreign_bboxes: np.ndarray
    looks: np.ndarray
    origins: np.ndarray
    class_counts: np.ndarray
    class_log_sizes: np.ndarray
    aspect_sums: np.ndarray

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        index = read_index(self.path / INDEX)
        self.fingerprint = str(index.pop('fingerprint'))
        self._offsets = index.pop('offsets')
        self._shapes = index.pop('shapes')
        self._checksums = index.pop('checksums')
        counts = index.pop('foreign_counts')
        self._foreign_starts = np.concatenate([[0], np.cumsum(counts)])
        for name, values in index.items():
            setattr(self, name, values)
        self._pixels = map_pixels(
            self.path / PIXELS, self.fingerprint, int(self._offsets[-1])
        )

    @classmethod
    def open(
        cls, path: str | Path, expected_fingerprint: str | None = None
    ) -> 'ObjectPool':
        """Open the pool in the folder ``path``.

        Args:
            path: folder of the pool.
            expected_fingerprint: `pool_fingerprint` of the current inputs;
                None accepts any pool.

        Raises:
            StalePoolError: the pool is absent, of another version, of
                other inputs, damaged or cut short.
            PoolError: the files are not a pool.
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
        """Check if `open` would succeed.

        Raises:
            PoolError: the path holds other files, which should not be
                overwritten.
        """
        try:
            cls.open(path, expected_fingerprint)
        except StalePoolError:
            return False
        return True

    def patch(self, ind: int) -> np.ndarray:
        """Return patch ``ind``, a read-only view, uint8 (h, w, 3) BGR.

        Raises:
            PoolError: the pixels differ from the written pixels.
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
        """Return height, width and channels of patch ``ind``."""
        if not 0 <= ind < len(self):
            raise IndexError(f'patch {ind} of {len(self)}')
        height, width = self._shapes[ind].tolist()
        return height, width, 3

    def foreign(self, ind: int) -> np.ndarray:
        """Return the parts of other objects on the object of patch ``ind``.

        The patch shows the parts without labels.

        Returns:
            float32 (k, 4) xyxy, pixels of the patch, inside the object's box.
        """
        starts = self._foreign_starts
        return self.foreign_bboxes[starts[ind] : starts[ind + 1]]

    def __len__(self) -> int:
        return len(self.labels)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).open, (self.path, self.fingerprint)

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}({str(self.path)!r}, {len(self)} patches)'
        )
