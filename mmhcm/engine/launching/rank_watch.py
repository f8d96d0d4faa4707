"""Ranks of one run that end together, each with the reason.

Launchers and communication libraries leave some failures alone:

- ``torchrun`` ends the ranks of its machine when one of them fails or is
  killed. It does not notice a rank that is alive and stands still, and ranks
  on other machines stay in their collective operation.
- Slurm ends the other ranks only with ``srun --kill-on-bad-exit``. It notices
  a lost machine after minutes, and no process that stands still. MPI starters
  end all ranks when one fails, and notice no other failure.
- gloo raises an error in ranks that exchange data with a killed one, since
  the connection is closed; the error names an address, not a rank. For a
  stopped process or a lost machine, gloo waits until its timeout.
- NCCL waits until its timeout in each of these cases.

That timeout has to be hours, since ranks wait in a collective operation while
the main process builds a pool. So each rank writes signs of life into the
key-value store that the ranks met in, and watches the next rank. This module
does what is left over:

- A rank that has been killed or stands still, and a lost machine, end the
  other ranks in less than a minute; a slow rank does not.
- A rank that fails passes its reason on before it ends, so that every rank
  names the cause and not a broken connection.
- Ranks that never appear end the run in minutes (`joined_within`).
"""

import logging
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
from mmengine.logging import print_log

#: Longest time that a failed rank waits for the others to read why, s.
_LINGER = 5.0


class RankWatch:
    """Threads that show this rank's life, and end it when another fails.

    A rank watches the next one, and passes on when that one is silent.
    Silence is counted in rounds of the rank's own, so that a job that was
    suspended as a whole goes on. One thread talks to the store, which may
    hang if the store's machine does; the other one decides.

    Args:
        store: The key-value store, through a connection of its own.
        rank: Number of this rank.
        world_size: Number of ranks.
        lost_after: Seconds of silence after which a rank is lost. A rank is
            silent as well while one call into a library keeps Python's lock.
        hosts_store: The store ends with this rank.
        end: Ends this process, given the reason.
    """

    def __init__(
        self,
        store: Any,
        rank: int,
        world_size: int,
        lost_after: float,
        hosts_store: bool = False,
        end: Callable[[str], None] | None = None,
    ) -> None:
        self.store, self.rank, self.world_size = store, rank, world_size
        self.lost_after = lost_after
        self.interval = min(1.0, lost_after / 10)
        self.hosts_store = hosts_store
        self._end = end or end_process
        self._stopped = threading.Event()
        # Held by the thread that decides why the process ends.
        self._verdict = threading.Lock()
        self._reason = ''
        self._watched = (rank + 1) % world_size
        self._beat = b''
        self._num_talks = 0
        self._silent: list[int] = []

    def start(self) -> None:
        """Start watching."""
        for target in (self._talk, self._decide):
            threading.Thread(target=target, daemon=True).start()

    def claim_end(self) -> None:
        """Reserve the end of this process for the caller."""
        if not self._verdict.acquire(blocking=False):
            # The other thread is about to end this process.
            threading.Event().wait()

    def fail(self, reason: str) -> None:
        """Pass on why this rank ends, and let the others end first."""
        self._stopped.set()
        self._tell_and_wait(f'rank {self.rank}: {reason}')

    def _tell_and_wait(self, reason: str) -> None:
        self._quietly(lambda: self._tell(reason))
        deadline = time.monotonic() + _LINGER
        while time.monotonic() < deadline and not self._quietly(
            self._all_ended
        ):
            time.sleep(self.interval / 4)

    def leave(self) -> None:
        """Note that this rank is done; its store waits for the others."""
        self._quietly(lambda: self.store.set(f'ended/{self.rank}', b''))
        while self.hosts_store and not self._quietly(self._all_ended):
            time.sleep(self.interval / 4)
        self._stopped.set()

    def name_silent(self) -> str:
        """Name the ranks that have given no sign of life just now."""
        try:
            before = self._beats()
            time.sleep(3 * self.interval)
            after = self._beats()
        except RuntimeError:
            # The other thread ends this process if it has a reason.
            time.sleep(3 * self.interval)
            return self._host()
        self._silent = [
            rank
            for rank in before
            if rank != self.rank and after.get(rank) == before[rank]
        ]
        if not self._silent:
            return 'another rank'
        return f'rank {", ".join(map(str, self._silent))}'

    def _talk(self) -> None:
        count = 0
        # At once, so that a rank that is lost early can be named.
        while not self._stopped.wait(self.interval if count else 0):
            count += 1
            try:
                self.store.set(f'beat/{self.rank}', str(count))
                if self.store.check(['failed']):
                    reason = self.store.get('failed').decode()
                    self.store.set(f'ended/{self.rank}', b'')
                    self._reason = reason
                    return
                self._look_at_watched()
            except RuntimeError:
                self._reason = f'{self._host()} is gone'
                return
            self._num_talks += 1

    def _look_at_watched(self) -> None:
        while self._watched != self.rank and self.store.check(
            [f'ended/{self._watched}']
        ):
            self._watched = (self._watched + 1) % self.world_size
        key = f'beat/{self._watched}'
        if self.store.check([key]):
            self._beat = self.store.get(key)

    def _decide(self) -> None:
        last: tuple[Any, ...] = ()
        talks = silence = muteness = 0
        while not self._stopped.wait(self.interval):
            seen = self._watched, self._beat
            silence = silence + 1 if seen == last else 0
            muteness = muteness + 1 if self._num_talks == talks else 0
            last, talks = seen, self._num_talks
            if self._reason:
                self._end_for(self._reason, tell=False)
            elif muteness * self.interval > self.lost_after:
                self._end_for(f'{self._host()} does not answer', tell=False)
            elif (
                silence * self.interval > self.lost_after
                and self._watched != self.rank
            ):
                self._end_for(
                    f'rank {self._watched} has given no sign of life for '
                    f'{self.lost_after:g} s'
                )

    def _end_for(self, reason: str, tell: bool = True) -> None:
        if not self._verdict.acquire(blocking=False):
            # This rank ends for a reason of its own.
            return
        if tell:
            self._silent = [self._watched]
            # In a thread, since the store may hang.
            teller = threading.Thread(
                target=self._tell_and_wait, args=[reason], daemon=True
            )
            teller.start()
            teller.join(_LINGER)
        self._stopped.set()
        self._end(reason)

    def _tell(self, reason: str) -> None:
        # The first reason is the cause.
        if self.store.add('num_failed', 1) == 1:
            self.store.set('failed', reason)
        self.store.set(f'ended/{self.rank}', b'')

    def _all_ended(self) -> bool:
        return all(
            self.store.check([f'ended/{rank}'])
            for rank in range(self.world_size)
            if rank not in self._silent
        )

    def _beats(self) -> dict[int, bytes]:
        return {
            rank: self.store.get(f'beat/{rank}')
            for rank in range(self.world_size)
            if self.store.check([f'beat/{rank}'])
            and not self.store.check([f'ended/{rank}'])
        }

    def _quietly(self, action: Callable[[], Any]) -> Any:
        """Act; without a store, there is no rank left to wait for."""
        try:
            return action()
        except RuntimeError:
            return True

    def _host(self) -> str:
        return 'the launcher' if _has_agent() else 'rank 0'


_watch: RankWatch | None = None


def watch_ranks(lost_after: float) -> None:
    """Watch the other ranks from now on, if there are any."""
    global _watch
    if dist.get_world_size() < 2 or _watch is not None:
        return
    rank = dist.get_rank()
    try:
        store = dist.TCPStore(
            os.environ['MASTER_ADDR'],
            int(os.environ['MASTER_PORT']),
            is_master=False,
            wait_for_workers=False,
            timeout=timedelta(seconds=lost_after),
        )
    except (KeyError, RuntimeError) as error:
        print_log(
            f'ranks do not watch each other: {error}',
            logger='current',
            level=logging.WARNING,
        )
        return
    # torchrun's store outlives a run that it starts again.
    attempt = (
        os.environ.get(f'TORCHELASTIC_{name}', '')
        for name in ('RUN_ID', 'RESTART_COUNT')
    )
    _watch = RankWatch(
        dist.PrefixStore('/'.join(['mmhcm', *attempt]), store),
        rank,
        dist.get_world_size(),
        lost_after,
        hosts_store=rank == 0 and not _has_agent(),
    )
    _watch.start()


def claim_end() -> bool:
    """Reserve the end of this process for the caller.

    Returns:
        True when there are other ranks, to be told by `tell_ranks`.
    """
    if _watch is None:
        return False
    _watch.claim_end()
    return True


def tell_ranks(reason: str) -> None:
    """Tell the other ranks, if there are any, why this one ends."""
    if _watch is not None:
        _watch.fail(reason)


def leave_ranks() -> None:
    """Note that this rank has done its part."""
    if _watch is not None:
        _watch.leave()


def lost_rank(error: BaseException) -> str | None:
    """Name the lost ranks, if they are the cause of an error."""
    if _watch is None or not isinstance(error, RuntimeError):
        return None
    text = str(error)
    if not isinstance(error, dist.DistError) and 'gloo' not in text.lower():
        return None
    # Without the place in the library's source, and its advice.
    reason = text.splitlines()[0].split('. ')[0].split('] ', 1)[-1]
    return f'{_watch.name_silent()} is gone ({reason})'


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


def _has_agent() -> bool:
    """Test for torchrun, which holds the store."""
    return os.environ.get('TORCHELASTIC_USE_AGENT_STORE') == 'True'
