"""End of a run whose ranks are not all alive, where nothing else ends it.

Launchers and libraries end the other ranks after most failures of one:

- A rank fails or is killed: ``torchrun`` ends the ranks of its machine
  (torch.distributed.elastic, "Elastic Agent"), MPI starters and ``srun
  --kill-on-bad-exit=1`` all ranks. Slurm's default is to end none (srun(1)).
- gloo raises an error in a rank whose peer has closed its connection; NCCL's
  watchdog ends a process whose network reports an error
  (``TORCH_NCCL_ASYNC_ERROR_HANDLING``). So end the ranks of other machines.
- The main process fails while the others wait for what it builds: the error is
  raised in all ranks (`mmhcm.datasets.on_main_process`).

None of them notices a rank that is alive and stands still, or a machine that
stops without closing its connections (Slurm ends a job after minutes without
one of its machines). gloo and NCCL then wait until their timeout. It has to be
hours, since ranks wait in a collective operation while the main process builds
a pool. What is left:

- Each rank writes signs of life into the key-value store that the ranks met
  in, and ends in less than a minute when the next rank gives none
  (`watch_ranks`).
- Ranks that never appear end the run in minutes (`joined_within`).
"""

import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import torch.distributed as dist


class RankWatch:
    """Threads that show this rank's life, and end it when another is silent.

    Silence is counted in rounds of the rank's own, so that a job that was
    suspended as a whole goes on. One thread talks to the store, which hangs
    if the store's machine does; the other one decides.

    Args:
        store: The key-value store, through a connection of its own.
        rank: Number of this rank.
        world_size: Number of ranks.
        lost_after: Seconds of silence after which a rank is lost. A rank is
            silent as well while one call into a library keeps Python's lock.
        end: Ends this process, given the reason.
    """

    def __init__(
        self,
        store: Any,
        rank: int,
        world_size: int,
        lost_after: float,
        end: Callable[[str], None] | None = None,
    ) -> None:
        self.store, self.rank, self.world_size = store, rank, world_size
        self.lost_after = lost_after
        self.interval = min(1.0, lost_after / 10)
        self.stopped = threading.Event()
        self._end = end or end_process
        self._watched, self._beat = (rank + 1) % world_size, b''
        self._num_talks = 0

    def start(self) -> None:
        """Start watching."""
        for target in (self._talk, self._decide):
            threading.Thread(target=target, daemon=True).start()

    def leave(self) -> None:
        """Note that this rank is done.

        Rank 0 waits for the others, since the store may end with it.
        """
        self.store.set(f'done/{self.rank}', b'')
        all_done = [f'done/{rank}' for rank in range(self.world_size)]
        while self.rank == 0 and not self.store.check(all_done):
            time.sleep(self.interval / 4)
        self.stopped.set()

    def _talk(self) -> None:
        while not self.stopped.wait(self.interval):
            try:
                self._exchange()
            except RuntimeError:
                if not self.stopped.wait(self.interval):
                    self._end(f'{_host()} is gone')
                return
            self._num_talks += 1

    def _exchange(self) -> None:
        self.store.set(f'beat/{self.rank}', str(self._num_talks))
        if self.store.check([f'done/{self._watched}']):
            self._watched = (self._watched + 1) % self.world_size
        elif self.store.check([f'beat/{self._watched}']):
            self._beat = self.store.get(f'beat/{self._watched}')

    def _decide(self) -> None:
        last: tuple[Any, ...] = ()
        talks = silence = muteness = 0
        while not self.stopped.wait(self.interval):
            seen = self._watched, self._beat
            silence = silence + 1 if seen == last else 0
            muteness = muteness + 1 if self._num_talks == talks else 0
            last, talks = seen, self._num_talks
            if muteness * self.interval > self.lost_after:
                return self._end(f'{_host()} does not answer')
            if silence * self.interval > self.lost_after:
                return self._end(
                    f'rank {self._watched} has given no sign of life for '
                    f'{self.lost_after:g} s'
                )
        return None


_watch: RankWatch | None = None


def watch_ranks(lost_after: float) -> None:
    """Watch the other ranks from now on, if there are any."""
    global _watch
    if dist.get_world_size() < 2 or _watch is not None:
        return
    store = dist.TCPStore(
        os.environ['MASTER_ADDR'],
        int(os.environ['MASTER_PORT']),
        is_master=False,
        wait_for_workers=False,
        timeout=timedelta(seconds=lost_after),
    )
    # torchrun's store outlives a run that it starts again.
    attempt = os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')
    _watch = RankWatch(
        dist.PrefixStore(f'mmhcm/{attempt}', store),
        dist.get_rank(),
        dist.get_world_size(),
        lost_after,
    )
    _watch.start()


def leave_ranks() -> None:
    """Note that this rank has done its part."""
    if _watch is not None:
        _watch.leave()


def lost_rank(error: BaseException) -> str | None:
    """Describe an error of a connection to another rank that has ended."""
    text = str(error)
    if _watch is None or not (
        isinstance(error, dist.DistError)
        or (isinstance(error, RuntimeError) and 'gloo' in text.lower())
    ):
        return None
    _watch.stopped.set()
    # Without the place in the library's source, and its advice.
    reason = text.splitlines()[0].split('. ')[0].split('] ', 1)[-1]
    return f'another rank is gone, see its output ({reason})'


@contextmanager
def joined_within(seconds: float) -> Iterator[None]:
    """End this process if the other ranks are not there in time."""
    timer = threading.Timer(
        seconds,
        end_process,
        [f'not all processes of the run were there after {seconds:g} s'],
    )
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def end_process(reason: str) -> None:
    """End this process whatever it does, and its workers."""
    sys.stderr.write(f'error: {reason}\n')
    sys.stderr.flush()
    for child in multiprocessing.active_children():
        child.terminate()
    # The main thread may wait in a collective operation, for ever.
    os._exit(1)


def _host() -> str:
    """Name the host of the store: rank 0, but under torchrun its agent."""
    agent = os.environ.get('TORCHELASTIC_USE_AGENT_STORE') == 'True'
    return 'the launcher' if agent else 'rank 0'
