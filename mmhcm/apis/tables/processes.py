"""Logged processes, and the version of the code that they run."""

import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_TICK_SECONDS = 30.0


class CommandFailedError(RuntimeError):
    """Error of a failed command; the message is the last output line."""


def run_logged(
    command: Sequence[str],
    log_path: Path,
    *,
    env: Mapping[str, str],
    tick: Callable[[float], None] = lambda seconds: None,
) -> None:
    """Run a command, with its output on the screen and in a log.

    Args:
        command: The command.
        log_path: File that the output is appended to.
        env: Environment of the command.
        tick: Function that is called with the seconds since its last call,
            from time to time and at the end, also after an error.

    Raises:
        CommandFailedError: the command ended with a nonzero status.
    """
    log_path.parent.mkdir(parents=True, exist_ok=True)
    last = time.monotonic()
    tail = b''
    with log_path.open('ab') as log:
        log.write(f'\n$ {" ".join(command)}\n'.encode())
        process = subprocess.Popen(
            command,
            env=dict(env),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
        )
        assert process.stdout is not None, 'asked for above'
        try:
            while chunk := process.stdout.read(65536):
                log.write(chunk)
                log.flush()
                sys.stdout.write(chunk.decode(errors='replace'))
                sys.stdout.flush()
                tail = (tail + chunk)[-8192:]
                if time.monotonic() - last > _TICK_SECONDS:
                    now = time.monotonic()
                    tick(now - last)
                    last = now
            status = process.wait()
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
            tick(time.monotonic() - last)
    if status:
        raise CommandFailedError(last_line(tail) or f'exit status {status}')


def last_line(output: bytes) -> str:
    """Find the last line with text, or the last state of a progress bar."""
    text = output.decode(errors='replace').replace('\r', '\n')
    lines = [line.strip() for line in text.split('\n') if line.strip()]
    return lines[-1] if lines else ''


def code_version(path: str | Path = __file__) -> str:
    """Name the commit of a source file, with ``+dirty`` for local changes.

    Args:
        path: The file. Defaults to this module.

    Returns:
        The commit of the repository that tracks the file, or 'unknown'.
    """

    def git(*arguments: str) -> str:
        return subprocess.run(
            ['git', '-C', Path(path).parent, *arguments],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()

    try:
        # An installed package may be in a repository that ignores it.
        git('ls-files', '--error-unmatch', Path(path).name)
        commit = git('rev-parse', '--short=12', 'HEAD')
        changes = git('status', '--porcelain', '--untracked-files=no')
    except (OSError, subprocess.CalledProcessError):
        return 'unknown'
    return commit + ('+dirty' if changes else '')
