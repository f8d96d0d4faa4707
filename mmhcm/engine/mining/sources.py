"""Data sets and the object pool that rounds are mined from."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from mmdet.registry import DATASETS
from mmengine.dataset import BaseDataset

from mmhcm.structures.pool import ObjectPool

from .digests import pool_folder, sources_digest
from .pools import open_or_build_pool
from .rounds import check_images, check_pool


class MiningSources:
    """Images and object pool of a run's rounds, opened at the first use.

    Args:
        own: The data set of whole images that training uses.
        external: Configs of external data sets.
        pool: Settings of the object pool, see ``open_or_build_pool``; None
            for no pool.
        work_dir: The run's folder.
    """

    def __init__(
        self,
        own: BaseDataset,
        external: Sequence[dict],
        pool: Mapping[str, Any] | None,
        work_dir: str | Path,
    ) -> None:
        self.own = own
        self._external_cfgs = external
        self._pool_settings = pool
        self._work_dir = work_dir

    @cached_property
    def external(self) -> list[BaseDataset]:
        """External data sets."""
        return [DATASETS.build(item) for item in self._external_cfgs]

    @property
    def datasets(self) -> list[BaseDataset]:
        """All data sets, the training data set first."""
        return [self.own, *self.external]

    @cached_property
    def pool(self) -> ObjectPool | None:
        """Object pool, built first by the main process if absent."""
        if self._pool_settings is None:
            return None
        return open_or_build_pool(
            self._pool_settings, self._work_dir, self.own
        )

    @cached_property
    def images(self) -> str:
        """Digest of images and annotations, computed at the first use.

        Data sets skip images that go missing later, and the run continues.
        """
        folder = pool_folder(self._pool_settings or {}, self._work_dir)
        return sources_digest(self.datasets, folder)

    def origin(self) -> dict[str, str]:
        """Return the fingerprints of pool and images for a round's entry."""
        return {
            'pool': '' if self.pool is None else self.pool.fingerprint,
            'images': self.images,
        }

    def check(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """Check that rounds were mined from these images and this pool.

        Args:
            entries: Entries of the rounds, see ``rounds``.

        Raises:
            ValueError: a round was mined from other images or another pool.
        """
        # First the images, before a pool of other images is built.
        check_images(entries, self.images)
        check_pool(entries, self.pool)
