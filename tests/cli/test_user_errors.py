import contextlib
import logging
import pickle
import re
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.logging import MMLogger
from tqdm import tqdm

from mmhcm.cli.user_errors import describe_error, report_user_errors


def failing(error):
    def command():
        raise error

    return command


@pytest.mark.parametrize(
    ('error', 'line'),
    [
        (ValueError('one\n  two'), 'one two'),
        (FileNotFoundError(2, 'No such file', 'a.txt'), 'a.txt'),
        (ValueError(), 'ValueError'),
        (ImportError('no module'), 'no module'),
        (FloatingPointError('loss is nan'), 'loss is nan'),
        (MemoryError(), 'out of memory: take'),
        (
            torch.cuda.OutOfMemoryError(
                'CUDA. Tried to allocate 20.00 GiB. GPU 0'
            ),
            'out of memory, asked for 20.00 GiB: take',
        ),
        (pickle.UnpicklingError('not ours'), 'not ours'),
        (KeyError('X is not in the mmdet::model registry.'), 'X is not in'),
        (
            TypeError(
                'CropChip.__init__() missing 1 required positional argument: '
                "'chip_size'"
            ),
            "CropChip.__init__() missing 1 required positional argument: 'chi",
        ),
        (
            AttributeError("'ConfigDict' object has no attribute 'model'"),
            "no attribute 'model'",
        ),
    ],
)
def test_user_errors_are_one_line(error, line, capsys):
    assert report_user_errors(failing(error)) == 1
    printed = capsys.readouterr().err
    assert printed.startswith('error: ')
    assert line in printed
    assert printed.count('\n') == 1


@pytest.mark.parametrize(
    'error',
    [
        KeyError('name'),
        AttributeError("'int' object has no attribute 'x'"),
        TypeError('bad'),
        RuntimeError('bad'),
    ],
)
def test_faults_of_the_program_are_raised(error):
    with pytest.raises(type(error)):
        report_user_errors(failing(error))


@pytest.mark.parametrize(
    ('ask', 'amount'),
    [
        (lambda: torch.empty(1 << 58), f'{1 << 60} bytes'),
        (lambda: np.empty(1 << 57), '1.00 EiB'),
    ],
    ids=['torch', 'numpy'],
)
def test_too_little_memory_is_one_line(ask, amount, capsys):
    assert report_user_errors(ask) == 1
    assert capsys.readouterr().err == (
        f'error: out of memory, asked for {amount}: take smaller batches, or '
        'test large images with --slices\n'
    )


def stop():
    signal.raise_signal(signal.SIGINT)


def stop_a_writer():
    # What torch's writer says of a file that it could not end.
    try:
        stop()
    finally:
        raise RuntimeError('unexpected pos 64 vs 0')


def stop_a_reader():
    try:
        stop_a_writer()
    except RuntimeError as error:
        raise ValueError('damaged') from error


@pytest.mark.usefixtures('stops')
@pytest.mark.parametrize('command', [stop, stop_a_writer, stop_a_reader])
@pytest.mark.parametrize('hint', ['', '; go on'])
def test_a_stop_is_one_line(command, hint, tmp_path, capsys):
    log = tmp_path / 'run.log'
    MMLogger.get_instance('stopped', log_file=str(log))
    handler = signal.getsignal(signal.SIGINT)
    assert report_user_errors(command, hint) == 130
    assert capsys.readouterr().err == f'stopped{hint}\n'
    assert 'stopped by Ctrl-C\nTraceback' in log.read_text()
    assert signal.getsignal(signal.SIGINT) is handler


def test_a_stop_in_another_thread(capsys):
    with ThreadPoolExecutor() as pool:
        error = failing(KeyboardInterrupt())
        assert pool.submit(report_user_errors, error).result() == 130
    assert capsys.readouterr().err == 'stopped\n'


def test_the_status_is_passed_on():
    assert report_user_errors(lambda: 0) == 0
    assert report_user_errors(lambda: 3) == 3


def test_message_of_a_worker_is_printed():
    error = ValueError(
        'Caught ValueError in DataLoader worker process 0.\n'
        'Original Traceback (most recent call last):\n  File "a.py"\n'
        'ValueError: annotations/a.txt:3: 7 columns\n'
    )
    assert describe_error(error) == 'annotations/a.txt:3: 7 columns'


@pytest.mark.parametrize('leave', [True, False])
def test_error_replaces_the_line_of_a_progress_bar(capsys, leave):
    def command():
        for _ in tqdm(range(2), 'work', leave=leave):
            raise ValueError('stop')

    assert report_user_errors(command) == 1
    printed = capsys.readouterr().err
    assert 'work' in printed
    # A carriage return goes to the start of the line, which is blank.
    assert re.search(r'[\r\n]error: stop\n$', printed)


@pytest.fixture
def log_folder(tmp_path):
    """Folder of the log of a run on a disk that is full."""
    MMLogger.get_instance('errors', log_file=str(tmp_path / 'run.log'))
    return tmp_path


@pytest.mark.parametrize(
    ('error', 'ending'),
    [
        (OSError(28, 'No space left on device'), ': {folder}'),
        (OSError(28, 'No space left on device', 'a'), ": 'a'"),
        # Not an error of a disk.
        (BrokenPipeError(32, 'Broken pipe'), 'Broken pipe'),
        (OSError('no number'), 'no number'),
    ],
)
def test_a_full_disk_without_a_name_names_the_run(log_folder, error, ending):
    line = describe_error(error)
    assert line.endswith(ending.format(folder=log_folder))


def test_a_log_that_cannot_be_written_adds_no_lines(capsys):
    def command():
        logger = logging.getLogger('full')
        with Path('/dev/full').open('w', buffering=1) as file:
            handler = logging.StreamHandler(file)
            logger.addHandler(handler)
            logger.warning('lost')
            logger.removeHandler(handler)
            with contextlib.suppress(OSError):
                file.close()
        return 0

    before = logging.raiseExceptions
    assert report_user_errors(command) == 0
    assert capsys.readouterr().err == ''
    assert logging.raiseExceptions == before
