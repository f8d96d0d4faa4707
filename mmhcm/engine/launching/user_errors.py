"""One readable line, in place of a traceback, for what a user can mend."""

import logging
import pickle
import re
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from mmengine.logging import MMLogger
from tqdm import tqdm

from mmhcm.structures.files import DISK_ERRORS

from .rank_watch import claim_end, leave_peers, lost_peer, tell_peers

_MISTAKES = (
    OSError,
    ValueError,
    ImportError,
    FloatingPointError,
    pickle.PickleError,
)
#: What shells give for Ctrl-C: 128, and the number of the signal.
_STOPPED = 128 + signal.SIGINT
_WORKER = 'in DataLoader worker process'
#: What PyTorch says of a CPU's memory, in a plain RuntimeError.
_NO_MEMORY = "can't allocate memory"
_ASKED_FOR = re.compile(r'allocate ([\d.]+ \w+)')


def report_mistakes(command: Callable[[], int], hint: str = '') -> int:
    """Run a command; give its exit status, 1 after a mistake.

    A mistake is a file that is missing, damaged or full, or a value that
    does not fit, config values that name nothing included, numbers that
    overflow in training, or too little memory. The traceback goes to the log
    file of the run, if there is one. Other processes of the run are told and
    end too. A command that the user stops, by Ctrl-C, gives 130.

    Args:
        command: What to run; gives the status.
        hint: How to go on after a stop. Defaults to '', nothing to say.
    """
    try:
        with _quiet_logs():
            status = command()
    except BaseException as error:
        if _is_stop(error):
            with _deaf_to_stops():
                claim_end()
                _say(f'stopped{hint}', error)
                tell_peers('stopped')
            return _STOPPED
        line = _mistake_of(error) or lost_peer(error)
        has_peers = claim_end()
        if line is None and not has_peers:
            raise
        if line is None:
            line = f'{type(error).__name__}: {describe_mistake(error)}'
            traceback.print_exception(error)
        else:
            _say(f'error: {line}', error)
        # Behind the message, since a launcher may end this process next.
        tell_peers(line)
        return 1
    leave_peers()
    return status


def _say(line: str, error: BaseException) -> None:
    """Write a line on the screen, and the traceback into the log."""
    with _quiet_logs():
        _log_traceback(error)
    _close_bars()
    sys.stderr.write(f'{line}\n')
    sys.stderr.flush()


@contextmanager
def _deaf_to_stops() -> Iterator[None]:
    """Ignore Ctrl-C, which a launcher hands on once more."""
    try:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    except ValueError:
        # Signals are for the main thread alone.
        yield
        return
    try:
        yield
    finally:
        if before is not None:
            signal.signal(signal.SIGINT, before)


@contextmanager
def _quiet_logs() -> Iterator[None]:
    """Keep lines that a full disk does not take from filling the screen."""
    before = logging.raiseExceptions
    logging.raiseExceptions = False
    try:
        yield
    finally:
        logging.raiseExceptions = before


def _close_bars() -> None:
    """Leave the line of a progress bar that was stopped."""
    for bar in list(getattr(tqdm, '_instances', ())):
        bar.close()


def _mistake_of(error: BaseException) -> str | None:
    """What to say of a mistake; None for a fault of the program."""
    if _is_out_of_memory(error):
        asked = _ASKED_FOR.search(str(error))
        much = '' if asked is None else f', asked for {asked[1]}'
        return (
            f'out of memory{much}: take smaller batches, or test large images '
            'with --slices'
        )
    is_mistake = isinstance(error, _MISTAKES)
    if isinstance(error, KeyError):
        # Other keys that are missing are mistakes of the program.
        is_mistake = 'registry' in str(error)
    if isinstance(error, AttributeError):
        # What ConfigDict says of a section that a config lacks.
        is_mistake = "'ConfigDict' object has no attribute" in str(error)
    return describe_mistake(error) if is_mistake else None


def _is_stop(error: BaseException) -> bool:
    """Whether the user's Ctrl-C is an error, or what it came from.

    Writers that are stopped fail once more when they close their files.
    """
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, KeyboardInterrupt):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def _is_out_of_memory(error: BaseException) -> bool:
    return isinstance(error, MemoryError | torch.cuda.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and _NO_MEMORY in str(error)
    )


def describe_mistake(error: BaseException) -> str:
    """Return what an exception says, as one line."""
    text = str(error.args[0]) if isinstance(error, KeyError) else str(error)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return type(error).__name__
    if _WORKER in lines[0]:
        # What PyTorch re-raises from a worker ends with the cause.
        name, _, message = lines[-1].partition(': ')
        return message or name
    line = ' '.join(lines)
    if (
        isinstance(error, OSError)
        and error.errno in DISK_ERRORS
        and error.filename is None
        and (folder := _run_folder()) is not None
    ):
        # MMEngine's records do not say what cannot be written.
        line += f': {folder}'
    return line


def _run_folder() -> Path | None:
    """Where the current run keeps its log and records, if it does."""
    for handler in MMLogger.get_current_instance().handlers:
        if isinstance(handler, logging.FileHandler):
            return Path(handler.baseFilename).parent
    return None


def _log_traceback(error: BaseException) -> None:
    """Write the traceback into the log file of the run."""
    logger = MMLogger.get_current_instance()
    record = logger.makeRecord(
        logger.name,
        logging.ERROR,
        __file__,
        0,
        'stopped by Ctrl-C' if _is_stop(error) else 'stopped by a mistake',
        (),
        (type(error), error, error.__traceback__),
    )
    for handler in logger.handlers:
        if isinstance(handler, logging.FileHandler):
            handler.handle(record)
