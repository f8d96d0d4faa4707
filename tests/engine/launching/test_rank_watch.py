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

    def start(self, rank, world_size, store=None):
        watch = RankWatch(
            store or self.store,
            rank,
            world_size,
            LOST_AFTER,
            end=partial(self.ended.setdefault, rank),
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
        watch.stopped.set()


def test_living_ranks_leave_each_other_alone(run):
    watches = [run.start(rank, 3) for rank in range(3)]
    time.sleep(4 * LOST_AFTER)
    for watch in reversed(watches):
        watch.leave()
    assert run.ended == {}


def test_silent_rank_ends_the_one_that_watches_it(run):
    run.start(1, 3)
    reason = f'rank 2 has given no sign of life for {LOST_AFTER} s'
    assert run.wait(1) == {1: reason}


def test_finished_rank_does_not_count_as_lost(run):
    run.start(0, 3)
    run.start(1, 3).leave()
    # Rank 0 watches rank 2 from here on.
    assert 'rank 2 has' in run.wait(1)[0]


def test_the_host_of_the_store_leaves_last(run):
    host, other = run.start(0, 2), run.start(1, 2)
    leaving = threading.Thread(target=host.leave)
    leaving.start()
    time.sleep(2 * LOST_AFTER)
    assert leaving.is_alive()
    other.leave()
    leaving.join(5)
    assert not leaving.is_alive()
    assert run.ended == {}


class GoneStore(HashStore):
    gone = True

    def set(self, key, value):
        if self.gone:
            raise RuntimeError('Broken pipe')
        super().set(key, value)


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


def test_store_may_end_after_the_rank_is_done(run):
    store = GoneStore()
    store.gone = False
    run.start(1, 2, store).leave()
    store.gone = True
    time.sleep(2 * LOST_AFTER)
    assert run.ended == {}


def test_success_is_noted(run, monkeypatch):
    monkeypatch.setattr(rank_watch, '_watch', run.start(1, 2))
    assert report_user_errors(lambda: 0) == 0
    assert run.store.check(['done/1'])


def test_failure_is_not_noted(run, monkeypatch):
    monkeypatch.setattr(rank_watch, '_watch', run.start(1, 2))

    def command():
        raise ValueError('a wrong value')

    assert report_user_errors(command) == 1
    assert not run.store.check(['done/1'])


def test_broken_connection_is_one_line(run, monkeypatch, capsys):
    own = run.start(0, 2)
    monkeypatch.setattr(rank_watch, '_watch', own)

    def command():
        raise RuntimeError('[gloo/pair.cc:1] Closed by [::1]:8. Good luck!')

    assert report_user_errors(command) == 1
    assert capsys.readouterr().err == (
        'error: another rank is gone, see its output (Closed by [::1]:8)\n'
    )
    # The watch says nothing more.
    assert own.stopped.is_set()


def test_fault_of_the_program_is_raised(run, monkeypatch):
    monkeypatch.setattr(rank_watch, '_watch', run.start(0, 2))

    def command():
        raise RuntimeError('a fault')

    with pytest.raises(RuntimeError, match='a fault'):
        report_user_errors(command)


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
