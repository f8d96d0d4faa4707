"""Sampler of normal and hard chips with a fixed length."""

from collections.abc import Iterator, Sized

import numpy as np
from mmdet.registry import DATA_SAMPLERS
from mmengine.dist import get_dist_info
from torch.utils.data import Sampler

from .chip_dataset import find_chip_dataset
from .seeding import SampleKey, sample_rng


@DATA_SAMPLERS.register_module()
class ChipSampler(Sampler):
    """Sampler that draws the same number of samples in every epoch.

    The fixed length keeps iterations, time left and schedules correct while
    the data set grows. Normal chips are drawn from an endless stream of
    permutations, which does not depend on the share of hard chips; each epoch
    continues where the previous epoch stopped, so that all chips are seen
    equally often. The hard chips of each round have a stream of their own.
    Positions in the streams depend only on ``ChipDataset.hard_history``, so
    that a resumed run draws the same samples. Yields ``SampleKey``.

    Args:
        dataset: The training data set, which contains a ``ChipDataset``.
        num_samples (int, optional): Samples per epoch over all ranks. Defaults
            to the number of normal chips.
        hard_ratio (float): Share of hard chips, once there are hard chips.
            Defaults to 0.5.
        normal_from (int, optional): First epoch, from 0, that draws only
            normal chips again, so that training ends on original images.
            Defaults to None.
        seed (int): Seed of the order, and of all random draws of samples;
            MMEngine passes the run's seed. Defaults to 0.
    """

    def __init__(
        self,
        dataset: Sized,
        num_samples: int | None = None,
        hard_ratio: float = 0.5,
        normal_from: int | None = None,
        seed: int = 0,
        round_up: bool = True,
    ) -> None:
        if not 0 <= hard_ratio <= 1:
            raise ValueError(f'hard_ratio must be in 0..1, got {hard_ratio}')
        if num_samples is not None and num_samples < 1:
            raise ValueError(
                f'num_samples must be positive, got {num_samples}'
            )
        self.rank, self.world_size = get_dist_info()
        self.dataset = find_chip_dataset(dataset)
        self.hard_ratio = hard_ratio
        self.normal_from = normal_from
        self.seed = 0 if seed is None else seed
        self.epoch = 0
        self._num_done = 0
        total = num_samples or self.dataset.num_normal
        # Every rank needs the same number of samples.
        self._total = -(-total // self.world_size) * self.world_size

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch of the next pass, from 0."""
        self.epoch = epoch

    def start_at(self, epoch: int, num_done: int) -> None:
        """Start the next pass within an epoch.

        Args:
            epoch: The epoch, from 0.
            num_done: Samples of this rank that the pass skips at its start.
        """
        self.epoch, self._num_done = epoch, num_done

    def __len__(self) -> int:
        """Return the number of samples of one epoch on this rank."""
        return self._total // self.world_size

    def __iter__(self) -> Iterator[SampleKey]:
        indices = self._epoch_indices()
        first = self.rank + self._num_done * self.world_size
        self._num_done = 0
        for position in range(first, self._total, self.world_size):
            yield SampleKey(
                int(indices[position]), self.epoch, position, self.seed
            )

    @property
    def num_hard(self) -> int:
        """Number of hard chips in an epoch with hard chips."""
        return round(self._total * self.hard_ratio)

    @property
    def draws_per_chip(self) -> tuple[float, float]:
        """Mean draws of a normal and of a hard chip in an epoch with both."""
        normal, hard = self.dataset.num_normal, self.dataset.num_hard
        num_normal = self._total - self.num_hard
        return num_normal / normal, self.num_hard / hard if hard else 0.0

    def _epoch_indices(self) -> np.ndarray:
        """Draw the indices (total,) of this epoch, the same on all ranks."""
        num_normal, num_hard = self.dataset.num_normal, self.dataset.num_hard
        counts, first_epoch = self._hard_counts()
        share = int(counts[-1]) if num_hard else 0
        normal_start = self._total * self.epoch - int(counts[:-1].sum())
        hard_start = int(counts[first_epoch:-1].sum())
        normal = self._stream(
            (0,), num_normal, normal_start, self._total - share
        )
        hard = self._stream((1, first_epoch), num_hard, hard_start, share)
        indices = np.concatenate([normal, hard + num_normal])
        rng = sample_rng(self.seed, 2, self.epoch)
        return indices[rng.permutation(len(indices))]

    def _hard_counts(self) -> tuple[np.ndarray, int]:
        """Count the hard chips in each epoch up to the current epoch.

        Returns:
            tuple[np.ndarray, int]: Counts (epoch + 1,), and the first epoch
            of the current hard chips.
        """
        history = ((0, 0), *self.dataset.hard_history)
        starts = [first_epoch for first_epoch, _ in history]
        epochs = np.arange(self.epoch + 1)
        used = np.searchsorted(starts, epochs, side='right') - 1
        takes_hard = np.array([num > 0 for _, num in history])[used]
        if self.normal_from is not None:
            takes_hard &= epochs < self.normal_from
        return takes_hard * self.num_hard, starts[used[-1]]

    def _stream(
        self, key: tuple[int, ...], num_items: int, start: int, count: int
    ) -> np.ndarray:
        """Return items start to start + count of endless permutations."""
        if count == 0:
            return np.zeros(0, dtype=np.int64)
        first, last = start // num_items, (start + count - 1) // num_items
        passes = [
            sample_rng(self.seed, *key, number).permutation(num_items)
            for number in range(first, last + 1)
        ]
        offset = start - first * num_items
        return np.concatenate(passes)[offset : offset + count]
