"""Detection of lost ranks that launchers and libraries do not detect.

Launchers and libraries end the other ranks after most failures of one rank:

- A rank fails or is killed: ``torchrun`` ends the ranks of its machine
  (torch.distributed.elastic, "Elastic Agent"), MPI starters and ``srun
  --kill-on-bad-exit=1`` end all ranks. By default, Slurm ends no rank
  (srun(1)).
- gloo raises an error in a rank whose peer has closed its connection; NCCL's
  watchdog ends a process whose network reports an error
  (``TORCH_NCCL_ASYNC_ERROR_HANDLING``). Both end the ranks of other machines.
- The main process fails while the other ranks wait for its result: the error
  is raised in all ranks (`mmhcm.datasets.on_main_process`).

Neither launchers nor libraries detect a rank that is alive but hangs, or a
machine that stops without closing its connections (Slurm ends a job some
minutes after losing a machine). gloo and NCCL then wait until their timeout.
The timeout has to be hours, because ranks wait in a collective operation while
the main process builds a pool. This module handles these failures:

- Each rank writes heartbeats to the key-value store in which the ranks have
  met, and ends in less than a minute if the next rank's heartbeats stop
  (`watch_ranks`).
- A run whose ranks do not all appear ends in minutes (`joined_within`).
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
    """Threads that send heartbeats, and end this rank if another is silent.

    Silence is counted in loop passes of this rank, so that a job that was
    suspended as a whole continues. One thread exchanges heartbeats with the
    store, and hangs if the store's machine hangs; the other thread decides.

    Args:
        store: The key-value store, with a separate connection.
        rank: Number of this rank.
        world_size: Number of ranks.
        lost_after: Seconds of silence after which a rank is lost. A rank is
            also silent while a call into a library holds Python's lock.
        end: Function that ends this process, called with the reason. Defaults
            to None: ``end_process``.
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
        """Record that this rank is done.

        Rank 0 waits for the other ranks, because the store may end with
        rank 0.
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
    # torchrun keeps the store when it restarts a run.
    attempt = os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')
    _watch = RankWatch(
        dist.PrefixStore(f'mmhcm/{attempt}', store),
        dist.get_rank(),
        dist.get_world_size(),
        lost_after,
    )
    _watch.start()


def leave_ranks() -> None:
    """Record that this rank is done."""
    if _watch is not None:
        _watch.leave()


def lost_rank(error: BaseException) -> str | None:
    """Describe an error of the connection to an ended rank; else None."""
    text = str(error)
    if _watch is None or not (
        isinstance(error, dist.DistError)
        or (isinstance(error, RuntimeError) and 'gloo' in text.lower())
    ):
        return None
    _watch.stopped.set()
    # Remove the position in the library's source, and the library's advice.
    reason = text.splitlines()[0].split('. ')[0].split('] ', 1)[-1]
    return f'another rank is gone, see its output ({reason})'


@contextmanager
def joined_within(seconds: float) -> Iterator[None]:
    """End this process if the other ranks do not join in time."""
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
    """End this process and its workers unconditionally."""
    sys.stderr.write(f'error: {reason}\n')
    sys.stderr.flush()
    for child in multiprocessing.active_children():
        child.terminate()
    # The main thread may wait in a collective operation forever.
    os._exit(1)


def _host() -> str:
    """Name the host of the store: rank 0, or torchrun's agent."""
    agent = os.environ.get('TORCHELASTIC_USE_AGENT_STORE') == 'True'
    return 'the launcher' if agent else 'rank 0'
