"""Batches of an iteration-based loop with a new pass after each mining."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from torch.utils.data import BatchSampler, DataLoader


def place_of(
    iteration: int, starts: Sequence[int], num_batches: int
) -> tuple[int, int]:
    """Find the pass over the data that contains an iteration.

    Args:
        iteration: Number of the iteration, from 0.
        starts: Iterations at which a new pass begins, even if the previous
            pass is incomplete, ascending from 0.
        num_batches: Number of batches of a whole pass.

    Returns:
        Number of the pass, and number of the batch in the pass, from 0.

    Examples:
        >>> [place_of(i, starts=[0, 3], num_batches=2) for i in range(5)]
        [(0, 0), (0, 1), (1, 0), (2, 0), (2, 1)]
    """
    begun = [start for start in starts if start <= iteration]
    done = sum(-(-(b - a) // num_batches) for a, b in pairwise(begun))
    number, batch = divmod(iteration - begun[-1], num_batches)
    return done + number, batch


class MiningIterator:
    """Endless iterator over batches that mining interrupts.

    Replaces the iterator of MMEngine's ``IterBasedTrainLoop``, which skips
    the batches of a resumed run by loading them, and which would continue
    after a round with batches that workers have loaded before the round.

    Args:
        dataloader: Training dataloader with a ``ChipSampler``.
        starts: Iterations at which a new pass begins, see `place_of`.
        num_done: Number of iterations that the loop has done, and requests
            again after a resume.
        before_batch: Called with the iteration before each batch; may call
            ``restart``.

    Raises:
        ValueError: the dataloader has another sampler or batch sampler.
    """

    def __init__(
        self,
        dataloader: DataLoader,
        starts: Sequence[int],
        num_done: int,
        before_batch: Callable[[int], None],
    ) -> None:
        batches: Any = dataloader.batch_sampler
        self._sampler: Any = getattr(batches, 'sampler', None)
        if type(batches) is not BatchSampler or not hasattr(
            self._sampler, 'start_at'
        ):
            raise ValueError(
                'train_dataloader: mining at iterations needs '
                "sampler=dict(type='ChipSampler') and no batch_sampler"
            )
        self._dataloader = dataloader
        self._starts = list(starts)
        self._num_left = num_done
        self._iteration = num_done
        self._before_batch = before_batch
        self._batches: Any = None

    def __next__(self) -> Any:
        """Return the next batch; None for iterations done before a resume."""
        if self._num_left:
            self._num_left -= 1
            return None
        self._before_batch(self._iteration)
        if self._batches is None:
            self._open()
        batch = next(self._batches, None)
        if batch is None:
            self._open()
            batch = next(self._batches)
        self._iteration += 1
        return batch

    def epoch_at(self, iteration: int) -> int:
        """Return the number of a pass that would begin at an iteration."""
        starts = sorted({*self._starts, iteration})
        return place_of(iteration, starts, len(self._dataloader))[0]

    def restart(self, iteration: int) -> None:
        """Begin a new pass, with new workers, at an iteration."""
        self._starts = sorted({*self._starts, iteration})
        self._batches = None

    def _open(self) -> None:
        epoch, batch = place_of(
            self._iteration, self._starts, len(self._dataloader)
        )
        assert self._dataloader.batch_size is not None
        sampler: Any = self._sampler
        sampler.start_at(epoch, batch * self._dataloader.batch_size)
        self._batches = iter(self._dataloader)
