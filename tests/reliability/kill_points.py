"""Points of a run, and kills of a process at a chosen point.

Parts of a run are its *phases*; what happens to files in a phase are its
*events*, its begin and end among them. Both are counted from 0, so that a
point of one process can be found again in another.
"""

import functools
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

#: What a run does outside all phases: starting, reading data, building.
ELSEWHERE = 'elsewhere'
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_CHANGES = {'os.rename', 'os.remove', 'os.mkdir', 'os.rmdir', 'os.link'}


class Point(NamedTuple):
    """A moment of a process.

    ``event`` counts within the phase's ``visit``; without one, it is
    ``delay`` seconds after the visit's begin, to be kept by the parent.
    """

    phase: str
    visit: int
    event: int | None = None
    delay: float = 0.0


@dataclass
class Visit:
    """One pass through a phase."""

    phase: str
    visit: int
    start: float
    events: int = 0


class Watch:
    """Follow a process through its phases, and kill it at a point.

    Args:
        root: Folder of the run; other files are no events.
        tell: Called with a line at each begin and end of a phase.
        point: Where to die.
    """

    def __init__(
        self, root: Path, tell: Callable[[str], Any], point: Point | None
    ) -> None:
        self.root = str(root)
        self.tell = tell
        self.point = point
        self.visits: Counter[str] = Counter()
        self.stack = [self._visit(ELSEWHERE)]
        self.pid = os.getpid()

    def install(self) -> None:
        """Wrap the phases of training, and count; for good."""
        for phase, owner, name in phases():
            setattr(owner, name, self.wrap(phase, getattr(owner, name)))
        self.install_files()

    def install_files(self) -> None:
        """Count what happens to files."""
        fsync = os.fsync

        def half_written_or_synced(handle: int) -> None:
            if self._event():
                os.ftruncate(handle, os.fstat(handle).st_size // 2)
                die()
            fsync(handle)

        os.fsync = half_written_or_synced
        sys.addaudithook(self._audit)

    def wrap(self, phase: str, function: Callable) -> Callable:
        """Make a function a phase."""

        @functools.wraps(function)
        def watched(*args: Any, **kwargs: Any) -> Any:
            if os.getpid() != self.pid:
                return function(*args, **kwargs)
            self.stack.append(self._visit(phase))
            try:
                self._die_at_event()
                result = function(*args, **kwargs)
                self._die_at_event()
                return result
            finally:
                seen = self.stack.pop()
                self._tell('end', seen)

        return watched

    def _visit(self, phase: str) -> Visit:
        visit = Visit(phase, self.visits[phase], time.monotonic())
        self.visits[phase] += 1
        self._tell('begin', visit)
        return visit

    def _tell(self, what: str, visit: Visit) -> None:
        seconds = time.monotonic() - visit.start
        self.tell(
            f'{what}\t{visit.phase}\t{visit.visit}\t{seconds:.4f}\t'
            f'{visit.events}\n'
        )

    def end(self) -> None:
        """Tell of what happened outside the phases."""
        self._tell('end', self.stack[0])

    def _event(self) -> bool:
        """Count an event; whether it is the last."""
        if os.getpid() != self.pid:
            return False
        visit = self.stack[-1]
        number = visit.events
        visit.events += 1
        return self.point is not None and self.point[:3] == (
            visit.phase,
            visit.visit,
            number,
        )

    def _die_at_event(self) -> None:
        if self._event():
            die()

    def _audit(self, name: str, args: tuple) -> None:
        if name == 'open':
            path, _, flags = args
            if isinstance(flags, int) and flags & _WRITES:
                self._opened(path, flags)
        elif name in _CHANGES and self._counts(args[0]):
            self._die_at_event()

    def _opened(self, path: Any, flags: int) -> None:
        """Die before a new file, or with a part of one that is written."""
        if self._counts(path) and self._event():
            if not flags & os.O_EXCL:
                mode = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
                os.write(os.open(path, mode), b'a part')
            die()

    def _counts(self, path: Any) -> bool:
        if not isinstance(path, str | os.PathLike):
            return False
        text = str(path)
        is_log = '/vis_data/' in text or text.endswith('.log')
        return text.startswith(self.root) and not is_log


def die() -> None:
    """End the whole process group at once."""
    os.killpg(os.getpgrp(), signal.SIGKILL)
    time.sleep(60)


def phases() -> list[tuple[str, Any, str]]:
    """Each phase, and the attribute that it is behind."""
    from mmengine.runner import EpochBasedTrainLoop, ValLoop

    from mmhcm.apis.report import hook as report_hook
    from mmhcm.datasets import chip_dataset
    from mmhcm.engine.hooks import AtomicCheckpointHook
    from mmhcm.engine.mining import loop, pools
    from mmhcm.evaluation import VisDroneMetric

    return [
        ('finding chips', chip_dataset, 'find_chips'),
        ('training', EpochBasedTrainLoop, 'run_iter'),
        ('checkpoint', AtomicCheckpointHook, '_save_checkpoint_with_step'),
        ('best checkpoint', AtomicCheckpointHook, '_save_best_checkpoint'),
        ('pool building', pools, 'build_pool'),
        ('mining', loop.MiningLoop, '_mine'),
        ('round writing', loop, 'write_round'),
        ('report', report_hook, 'report_round'),
        ('validation', ValLoop, 'run'),
        ('scoring', VisDroneMetric, 'compute_metrics'),
    ]
