import errno
import fcntl
import multiprocessing
import os
import platform
import signal
import time

import pytest

from mmhcm.engine.launching import only_run_in

BUSY = 'another run is writing into '


def test_one_run_at_a_time(tmp_path):
    folder = tmp_path / 'deep' / 'work'
    with only_run_in(folder):
        # What is refused does not let the next one in.
        for _ in range(2):
            holder = rf'\(process {os.getpid()} on {platform.node()}\)'
            busy = pytest.raises(OSError, match=f'{BUSY}{folder} {holder}$')
            with busy, only_run_in(folder):
                pass
        with only_run_in(tmp_path / 'other'):
            pass
    with pytest.raises(KeyError), only_run_in(folder):
        raise KeyError
    with only_run_in(folder):
        pass


def test_disks_without_locks_keep_nobody_out(tmp_path, monkeypatch):
    def flock(*_):
        raise OSError(errno.ENOLCK, 'No locks available')

    monkeypatch.setattr(fcntl, 'flock', flock)
    with only_run_in(tmp_path), only_run_in(tmp_path):
        pass


def test_unusable_folder_is_no_error_of_the_lock(tmp_path):
    path = tmp_path / 'file'
    path.touch()
    with only_run_in(path), only_run_in(path / 'below'):
        pass


def _run(folder, says):
    """A run with a worker that outlives it."""
    with only_run_in(folder):
        worker = os.fork()
        if not worker:
            says.send(os.getpid())
            time.sleep(60)
            os._exit(0)
        time.sleep(60)


def test_workers_of_a_killed_run_do_not_hold_the_lock(tmp_path):
    context = multiprocessing.get_context('fork')
    heard, says = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(tmp_path, says))
    process.start()
    assert heard.poll(30)
    worker = heard.recv()
    try:
        with pytest.raises(OSError, match=BUSY), only_run_in(tmp_path):
            pass
        process.kill()
        process.join()
        os.kill(worker, 0)
        with only_run_in(tmp_path):
            pass
    finally:
        process.kill()
        os.kill(worker, signal.SIGKILL)
