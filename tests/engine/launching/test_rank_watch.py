import threading
import time
from functools import partial

import pytest
from torch.distributed import HashStore

from mmhcm.cli.user_errors import report_user_errors
from mmhcm.engine.launching import rank_watch
from mmhcm.engine.launching.rank_watch import RankWatch

LOST_AFTER = 0.5


class Run:
    """Watches of several ranks in one process, and what ended them."""

    def __init__(self):
        self.store, self.ended, self.watches = HashStore(), {}, []
        self.read_by_first = {}

    def end(self, rank, reason):
        self.read_by_first[rank] = self.store.check(['ended/0'])
        self.ended.setdefault(rank, reason)

    def start(
        self, rank, world_size, store=None, lost_after=LOST_AFTER, **kwargs
    ):
        watch = RankWatch(
            store or self.store,
            rank,
            world_size,
            lost_after,
            end=partial(self.end, rank),
            **kwargs,
        )
        watch.start()
        self.watches.append(watch)
        return watch

    def wait(self, num):
        deadline = time.monotonic() + 20
        while len(self.ended) < num and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(self.ended) == num
        return self.ended


@pytest.fixture
def run():
    run = Run()
    yield run
    for watch in run.watches:
        watch._stopped.set()


def test_living_ranks_leave_each_other_alone(run):
    watches = [run.start(rank, 3) for rank in range(3)]
    time.sleep(4 * LOST_AFTER)
    for watch in watches:
        watch.leave()
    assert run.ended == {}


def test_silent_rank_ends_all_others(run):
    for rank in (0, 1):
        run.start(rank, 3)
    reason = f'rank 2 has given no sign of life for {LOST_AFTER} s'
    assert run.wait(2) == {0: reason, 1: reason}
    # Who found it out may hold the store, and lets the other read first.
    assert run.read_by_first[1]


def test_finished_rank_does_not_count_as_lost(run):
    first, second = run.start(0, 3), run.start(1, 3)
    second.leave()
    # Rank 0 watches rank 2 from here on.
    assert 'rank 2 has' in run.wait(1)[0]
    assert first.rank == 0


def test_failed_rank_passes_its_reason_on(run):
    watches = [run.start(rank, 3) for rank in range(3)]
    watches[1].claim_end()
    watches[1].fail('no disk')
    assert run.wait(2) == {0: 'rank 1: no disk', 2: 'rank 1: no disk'}
    # The first reason is the cause.
    watches[1]._tell('another')
    assert run.store.get('failed') == b'rank 1: no disk'


def test_the_host_of_the_store_leaves_last(run):
    host, other = run.start(0, 2, hosts_store=True), run.start(1, 2)
    leaving = threading.Thread(target=host.leave)
    leaving.start()
    time.sleep(2 * LOST_AFTER)
    assert leaving.is_alive()
    other.leave()
    leaving.join(5)
    assert not leaving.is_alive()
    assert run.ended == {}


class GoneStore(HashStore):
    def set(self, key, value):
        raise RuntimeError('Broken pipe')


class HangingStore(HashStore):
    def set(self, key, value):
        threading.Event().wait(10)


@pytest.mark.parametrize(
    ('store', 'reason'), [(GoneStore, 'gone'), (HangingStore, 'not answer')]
)
def test_without_its_store_a_rank_ends(run, store, reason):
    run.start(1, 2, store())
    assert reason in run.wait(1)[1]
    assert run.ended[1].startswith('rank 0')


def test_silent_ranks_are_named(run):
    watches = [run.start(rank, 4) for rank in range(4)]
    time.sleep(LOST_AFTER / 2)
    watches[2]._stopped.set()
    watches[3].leave()
    time.sleep(LOST_AFTER / 5)
    assert watches[0].name_silent() == 'rank 2'


def test_a_rank_that_dies_at_once_is_named(run):
    # Before it would have said a second time that it lives.
    first, second = (run.start(rank, 2, lost_after=5) for rank in (0, 1))
    time.sleep(first.interval / 3)
    second._stopped.set()
    assert first.name_silent() == 'rank 1'


def test_user_errors_are_passed_on(run, monkeypatch, capsys):
    own, other = run.start(0, 2), run.start(1, 2)
    monkeypatch.setattr(rank_watch, '_watch', own)

    def command():
        raise ValueError('a wrong value')

    assert report_user_errors(command) == 1
    assert capsys.readouterr().err == 'error: a wrong value\n'
    assert run.wait(1) == {1: 'rank 0: a wrong value'}
    assert other.rank == 1


def test_faults_of_the_program_are_passed_on(run, monkeypatch, capsys):
    own, _ = run.start(0, 2), run.start(1, 2)
    monkeypatch.setattr(rank_watch, '_watch', own)

    def command():
        raise TypeError('a fault')

    assert report_user_errors(command) == 1
    assert 'Traceback' in capsys.readouterr().err
    assert run.wait(1) == {1: 'rank 0: TypeError: a fault'}


def test_a_broken_connection_names_the_rank(run, monkeypatch, capsys):
    own, other = run.start(0, 2), run.start(1, 2)
    monkeypatch.setattr(rank_watch, '_watch', own)
    time.sleep(LOST_AFTER / 2)
    other._stopped.set()

    def command():
        raise RuntimeError('[gloo/pair.cc:1] Closed by [::1]:8. Good luck!')

    started = time.monotonic()
    assert report_user_errors(command) == 1
    # The dead are not waited for.
    assert time.monotonic() - started < rank_watch._LINGER
    line = capsys.readouterr().err
    assert line == 'error: rank 1 is gone (Closed by [::1]:8)\n'


def test_absent_rank_times_out(monkeypatch):
    ended = []
    monkeypatch.setattr(rank_watch, 'end_process', ended.append)
    with rank_watch.joined_within(0.05):
        time.sleep(0.3)
    assert ended == ['not all processes of the run were there after 0.05 s']
    with rank_watch.joined_within(0.3):
        pass
    time.sleep(0.4)
    assert len(ended) == 1
