"""Runs of several ranks, without a launcher that would end them together.

Ranks are forked from a server that has imported everything, so that a run
takes seconds; nothing but the project itself tells one of another's death,
as under Slurm.
"""

import multiprocessing
import os
import runpy
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.dist import get_rank
from mmengine.model import BaseModel
from mmengine.runner import runner

from tests.support.tiny_run import REPO

#: Seconds of silence after which a rank is lost, in these tests.
LOST_AFTER = 5
#: What a survivor may take: the promise is a minute for 45 s of silence.
DEADLINE = 60 - 45 + LOST_AFTER

_PACKAGES = ('datasets', 'engine', 'evaluation', 'models')
_MMDET_PACKAGES = (*_PACKAGES, 'structures', 'visualization')
_CONTEXT = multiprocessing.get_context('forkserver')
_CONTEXT.set_forkserver_preload(
    [
        'tests.reliability.ranks',
        *(f'mmdet.{name}' for name in _MMDET_PACKAGES),
        *(f'mmhcm.{name}' for name in _PACKAGES),
        'matplotlib.pyplot',
        # What DistributedDataParallel imports.
        'torch._dynamo',
    ]
)


class Ranks:
    """Processes of one run, with the output of each."""

    def __init__(
        self,
        num: int,
        folder: Path,
        args: Sequence[str],
        fault: Callable[[], None] | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.logs = [folder / f'rank_{rank}.log' for rank in range(num)]
        with socket.socket() as free:
            free.bind(('127.0.0.1', 0))
            port = free.getsockname()[1]
        self.processes = [
            _CONTEXT.Process(
                target=_run_rank,
                args=(rank, num, port, self.logs[rank], list(args), fault),
            )
            for rank in range(num)
        ]
        for process in self.processes:
            process.start()

    def wait(self, timeout: float = 120) -> list[int | None]:
        """Exit codes once all have ended; None for one that has not."""
        deadline = time.monotonic() + timeout
        for process in self.processes:
            process.join(max(deadline - time.monotonic(), 0))
        return [process.exitcode for process in self.processes]

    def kill(self) -> None:
        """End what is left."""
        for process in self.processes:
            if process.is_alive():
                process.kill()
                process.join()

    def text(self, rank: int) -> str:
        """Read the output of a rank."""
        return self.logs[rank].read_text(errors='replace')

    def errors(self, rank: int) -> list[str]:
        """Lines of a rank that say why it ended."""
        return [
            line
            for line in self.text(rank).splitlines()
            if line.startswith('error: ')
        ]


def _run_rank(
    rank: int,
    num: int,
    port: int,
    log: Path,
    args: list[str],
    fault: Callable[[], None] | None,
) -> None:
    os.environ.update(
        RANK=str(rank),
        LOCAL_RANK=str(rank),
        WORLD_SIZE=str(num),
        MASTER_ADDR='127.0.0.1',
        MASTER_PORT=str(port),
        OMP_NUM_THREADS='1',
    )
    with log.open('wb') as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    # What nobody reads here, and takes longer than training.
    Config.pretty_text = property(lambda cfg: repr(cfg._cfg_dict.to_dict()))
    runner.collect_env = dict
    # Daemons may have no children, and loaders have workers.
    multiprocessing.current_process()._config['daemon'] = False
    if fault is not None:
        fault()
    script = str(REPO / 'tools' / 'train.py')
    sys.argv = [script, *args, '--launcher=pytorch']
    runpy.run_path(script, run_name='__main__')


# Faults: what to do, on which rank, when a function is called.


def die() -> None:
    """As the kernel ends a process that takes too much memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def freeze() -> None:
    """As a machine that has stopped; its connections stay open."""
    os.kill(os.getpid(), signal.SIGSTOP)


def fill_disk() -> None:
    """As the file system answers."""
    raise OSError(28, 'No space left on device', '/full')


def break_down() -> None:
    """As a program with a fault does."""
    raise RuntimeError('a fault of the program')


def nap() -> None:
    """As a process does that has much to do."""
    time.sleep(1.5 * LOST_AFTER)


def spoil_loss() -> None:
    """As a loss that overflows."""
    parse_losses = BaseModel.parse_losses

    def spoilt(model, losses):
        losses = {**losses, 'loss_spoilt': torch.tensor(float('nan'))}
        return parse_losses(model, losses)

    BaseModel.parse_losses = spoilt


def _install(
    module: str, name: str, act: Callable[[], None], rank: int, calls: int
) -> None:
    holder = __import__(module, fromlist=['x'])
    *path, last = name.split('.')
    for part in path:
        holder = getattr(holder, part)
    function = getattr(holder, last)
    seen = 0

    def faulty(*args, **kwargs):
        nonlocal seen
        if get_rank() == rank:
            seen += 1
            if seen == calls:
                act()
        return function(*args, **kwargs)

    setattr(holder, last, faulty)


def fault_at(
    place: str, act: Callable[[], None], rank: int, calls: int = 1
) -> Callable[[], None]:
    """Fault at the n-th call of ``module:function`` on one rank."""
    return partial(_install, *place.split(':'), act, rank, calls)
