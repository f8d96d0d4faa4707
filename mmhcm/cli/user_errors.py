"""Reports of users' errors: one line on the screen instead of a traceback.

This module imports neither PyTorch nor OpenMMLab, so that commands that
need neither start at once. A command that has loaded neither has no log and no
other ranks.
"""

import argparse
import logging
import pickle
import re
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from tqdm import tqdm

from mmhcm.structures.files import DISK_ERRORS

_USER_ERRORS = (
    OSError,
    ValueError,
    ImportError,
    FloatingPointError,
    pickle.PickleError,
)
#: Exit status of shells for Ctrl-C: 128 plus the number of the signal.
_STOPPED = 128 + signal.SIGINT
_WORKER = 'in DataLoader worker process'
#: Part of PyTorch's message for a CPU's memory, a plain RuntimeError.
_NO_MEMORY = "can't allocate memory"
_BAD_ARGUMENT = re.compile(
    r'__init__\(\) (got an unexpected keyword|missing \d+ required) '
)
_ASKED_FOR = re.compile(r'allocate ([\d.]+ \w+)')


def command_main(
    parse_args: Callable[[Sequence[str] | None], argparse.Namespace],
    run: Callable[[argparse.Namespace], int],
    hint: str = '',
) -> Callable[..., int]:
    """Return the entry point of a command, which reports users' errors.

    Args:
        parse_args: Parser of the command line; None stands for the arguments
            of the process.
        run: Function that does the work and returns the exit status.
        hint: How to continue after Ctrl-C. Defaults to '', no hint.
    """

    def main(argv: Sequence[str] | None = None) -> int:
        args = parse_args(argv)
        return report_user_errors(lambda: run(args), hint)

    return main


def report_user_errors(command: Callable[[], int], hint: str = '') -> int:
    """Run a command; print a user's error as one line on stderr.

    A user's error is a missing, damaged or unwritable file, a value that does
    not fit, a config value that names nothing, an overflow in training, or
    too little memory. The traceback is written to the log file of the run, if
    the run has a log file. The loss of another rank of the run is reported as
    one line too.

    Args:
        command: Command to run; returns its exit status.
        hint: How to continue after Ctrl-C. Defaults to '', no hint.

    Returns:
        The command's exit status, 1 after a user's error, or 130 after
        Ctrl-C.
    """
    try:
        with _quiet_logs():
            status = command()
            ranks = _rank_watch()
            if ranks is not None:
                ranks.leave_ranks()
    except BaseException as error:
        return _end(error, hint)
    return status


def _end(error: BaseException, hint: str) -> int:
    """Print an error's line and return the status.

    Raises:
        BaseException: the error itself, if it is a fault of the program.
    """
    if _is_stop(error):
        with _ignored_stops():
            _print_line(f'stopped{hint}', error)
        return _STOPPED
    line, ranks = _line_of(error), _rank_watch()
    if line is None and ranks is not None:
        line = ranks.lost_rank(error)
    if line is None:
        raise error
    _print_line(f'error: {line}', error)
    return 1


def describe_error(error: BaseException) -> str:
    """Return an exception's message as one line."""
    text = str(error.args[0]) if isinstance(error, KeyError) else str(error)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return type(error).__name__
    if _WORKER in lines[0]:
        # The cause is the last line of PyTorch's message for a worker.
        name, _, message = lines[-1].partition(': ')
        return message or name
    line = ' '.join(lines)
    if (
        isinstance(error, OSError)
        and error.errno in DISK_ERRORS
        and error.filename is None
        and (logs := _log_files())
    ):
        # Errors of MMEngine's own records lack the path.
        line += f': {Path(logs[0].baseFilename).parent}'
    return line


def _line_of(error: BaseException) -> str | None:
    """Describe a user's error; None for a fault of the program."""
    if _is_out_of_memory(error):
        asked = _ASKED_FOR.search(str(error))
        much = '' if asked is None else f', asked for {asked[1]}'
        return (
            f'out of memory{much}: take smaller batches, or test large images '
            'with --slices'
        )
    is_users = isinstance(error, _USER_ERRORS)
    if isinstance(error, KeyError):
        # Other missing keys are faults of the program.
        is_users = 'registry' in str(error)
    if isinstance(error, TypeError):
        # Unexpected or missing arguments of a class in a config.
        is_users = bool(_BAD_ARGUMENT.search(str(error)))
    if isinstance(error, AttributeError):
        # A missing section of a config.
        is_users = "'ConfigDict' object has no attribute" in str(error)
    return describe_error(error) if is_users else None


def _is_stop(error: BaseException) -> bool:
    """Test for Ctrl-C as the error, or as its cause.

    Writers that are stopped fail once more when they close their files.
    """
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, KeyboardInterrupt):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def _is_out_of_memory(error: BaseException) -> bool:
    # ``OutOfMemoryError`` is the name of PyTorch's class.
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == 'OutOfMemoryError'
        or (isinstance(error, RuntimeError) and _NO_MEMORY in str(error))
    )


def _print_line(line: str, error: BaseException) -> None:
    """Print a line on stderr, and write the traceback into the log."""
    with _quiet_logs():
        _log_traceback(error)
    for bar in list(getattr(tqdm, '_instances', ())):
        bar.close()
    sys.stderr.write(f'{line}\n')
    sys.stderr.flush()


@contextmanager
def _ignored_stops() -> Iterator[None]:
    """Ignore Ctrl-C, which a launcher sends again."""
    try:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    except ValueError:
        # Only the main thread may set signal handlers.
        yield
        return
    try:
        yield
    finally:
        if before is not None:
            signal.signal(signal.SIGINT, before)


@contextmanager
def _quiet_logs() -> Iterator[None]:
    """Hide messages about failed logging, such as on a full disk."""
    before = logging.raiseExceptions
    logging.raiseExceptions = False
    try:
        yield
    finally:
        logging.raiseExceptions = before


def _log_traceback(error: BaseException) -> None:
    """Write the traceback into the log file of the run."""
    text = 'stopped by Ctrl-C' if _is_stop(error) else 'stopped by an error'
    record = logging.makeLogRecord(
        {
            'name': 'mmengine',
            'levelno': logging.ERROR,
            'levelname': 'ERROR',
            'pathname': __file__,
            'msg': text,
            'exc_info': (type(error), error, error.__traceback__),
        }
    )
    for handler in _log_files():
        handler.handle(record)


def _log_files() -> list[logging.FileHandler]:
    """Return the log files of the run; none if MMEngine is not loaded."""
    mmengine = sys.modules.get('mmengine.logging')
    if mmengine is None:
        return []
    logger = mmengine.MMLogger.get_current_instance()
    return [
        handler
        for handler in logger.handlers
        if isinstance(handler, logging.FileHandler)
    ]


def _rank_watch() -> ModuleType | None:
    """Return the module that watches ranks; None if it is not loaded."""
    return sys.modules.get('mmhcm.engine.launching.rank_watch')
