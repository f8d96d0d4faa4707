"""A run, command by command, each in a process that may be killed."""

import os
import select
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.reliability.kill_config import Setup
from tests.reliability.kill_points import ELSEWHERE, Point, Watch
from tests.support.tiny_run import REPO


class Run:
    """A run in a folder: train, write a submission, score it.

    Args:
        folder: Folder of all that the run writes.
        setup: What it trains.
    """

    def __init__(self, folder: Path, setup: Setup) -> None:
        self.folder, self.setup = folder, setup
        self.work_dir = folder / 'train'
        # What is to be done next, and whether training goes on.
        self.stage, self.resume = 0, False
        folder.mkdir(parents=True)

    def command(self) -> list[str]:
        """The command line of this stage."""
        setup, zip_path = self.setup, str(self.folder / 'submission.zip')
        options = [
            '--cfg-options',
            f'data_root={setup.data}',
            f'cache_dir={self.folder / "cache"}',
            *setup.options,
        ]
        if self.stage == 0:
            resume = ['--resume'] if self.resume else []
            work_dir = ['--work-dir', str(self.work_dir)]
            return ['train', str(setup.config), *work_dir, *resume, *options]
        if self.stage == 1:
            last = str(self.work_dir / f'epoch_{setup.epochs}.pth')
            work_dir = ['--work-dir', str(self.folder / 'test')]
            paths = ['--out', zip_path, *work_dir]
            return ['submit', str(setup.config), last, *paths, *options]
        scores = ['--out', str(self.folder / 'scores.json')]
        return ['evaluate', zip_path, '--data-root', str(setup.val), *scores]

    @property
    def is_done(self) -> bool:
        """Test if all stages are done."""
        return self.stage == 3

    def go_on(
        self, point: Point | None = None, trace: list | None = None
    ) -> str | None:
        """Run to the end, or to the point; the phase that it was killed in."""
        while not self.is_done:
            phase = self._step(point, trace)
            if phase is not None:
                self.resume = True
                return phase
            self.stage += 1
        return None

    def _step(self, point: Point | None, trace: list | None) -> str | None:
        """Run one command in a process of its own."""
        name, *args = self.command()
        log = self.folder / f'{name}.log'
        wanted = point if point and point.phase in reach(name) else None
        status, lines = fork(
            lambda tell: run_command(name, args, self.folder, tell, wanted),
            log,
            wanted,
        )
        if trace is not None:
            trace += [line for line in lines if line[0] == 'end']
        if status == -signal.SIGKILL:
            return open_phase(lines)
        if status:
            raise RuntimeError(f'{name} failed ({status}), see {log}')
        return None

    def run_uninterrupted(self) -> None:
        """Run by the project's commands, in new interpreters."""
        while not self.is_done:
            name, *args = self.command()
            with (self.folder / f'{name}.log').open('w') as log:
                subprocess.run(
                    [sys.executable, f'tools/{name}.py', *args],
                    cwd=REPO,
                    env={**os.environ, 'PYTHONPATH': str(REPO)},
                    check=True,
                    stdout=log,
                    stderr=log,
                )
            self.stage += 1


def open_phase(lines: list[list[str]]) -> str:
    """The innermost phase that has begun and not ended."""
    stack = []
    for what, phase, *_ in lines:
        if what == 'begin':
            stack.append(phase)
        else:
            stack.pop()
    return stack[-1] if stack else ELSEWHERE


def reach(name: str) -> set[str]:
    """Phases of a command that a point may be in."""
    if name == 'train':
        return {
            *('finding chips', 'training', 'checkpoint', 'best checkpoint'),
            *('pool building', 'mining', 'round writing', 'report'),
            *('validation', 'scoring', ELSEWHERE),
        }
    return {phase_of(name)}


def phase_of(name: str) -> str:
    """Return the phase of a command that follows training."""
    return {'submit': 'submission', 'evaluate': 'evaluation'}[name]


def run_command(
    name: str,
    args: list[str],
    root: Path,
    tell: Callable[[str], None],
    point: Point | None,
) -> int:
    """Run a command under a watch."""
    from mmhcm.cli import evaluate, submit, train

    watch = Watch(root, tell, point)
    main = {'train': train, 'submit': submit, 'evaluate': evaluate}[name].main
    if name == 'train':
        watch.install()
    else:
        # Everything in them is one phase.
        watch.install_files()
        main = watch.wrap(phase_of(name), main)
    status = main(args)
    watch.end()
    return status


def fork(
    function: Callable[[Callable[[str], None]], int],
    log: Path,
    point: Point | None,
) -> tuple[int, list[list[str]]]:
    """Call a function in a new process group, and kill it at a point.

    Returns:
        The exit status, negative for a signal, and what the process told.
    """
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        _run_child(function, log, reader, writer)
    os.close(writer)
    lines = _listen(pid, reader, point)
    _, status = os.waitpid(pid, 0)
    # Workers that outlive their parent for a moment.
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(status), lines


def _run_child(
    function: Callable, log: Path, reader: int, writer: int
) -> None:
    status = 70
    try:
        os.setsid()
        os.close(reader)
        os.set_inheritable(writer, False)
        handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(handle, 1)
        os.dup2(handle, 2)
        sys.stdout = os.fdopen(1, 'w', buffering=1, closefd=False)
        sys.stderr = os.fdopen(2, 'w', buffering=1, closefd=False)
        status = function(lambda line: os.write(writer, line.encode()))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(status)


def _listen(pid: int, reader: int, point: Point | None) -> list[list[str]]:
    """Read the output of a process until it ends, or kill it in time."""
    lines, rest, deadline = [], b'', None
    while True:
        wait = None if deadline is None else deadline - time.monotonic()
        if wait is not None and wait <= 0:
            os.killpg(pid, signal.SIGKILL)
            deadline = None
            continue
        if not select.select([reader], [], [], wait)[0]:
            continue
        chunk = os.read(reader, 65536)
        if not chunk:
            break
        *full, rest = (rest + chunk).split(b'\n')
        for line in full:
            fields = line.decode().split('\t')
            lines.append(fields)
            if (
                point
                and point.event is None
                and fields[:3]
                == [
                    'begin',
                    point.phase,
                    str(point.visit),
                ]
            ):
                deadline = time.monotonic() + point.delay
    os.close(reader)
    return lines
