import pytest

from mmhcm.engine.mining import MiningLoop
from tests.support.tiny_run import (
    build_tiny_runner,
    tiny_config,
    write_tiny_run,
)


@pytest.fixture(scope='session')
def tiny_run(tmp_path_factory):
    """Path of the tiny config; its data are next to it."""
    return write_tiny_run(tmp_path_factory.mktemp('tiny'))


@pytest.fixture
def make_cfg(tiny_run, tmp_path):
    """Load the tiny config with options."""

    def make(options=None, work_dir=None):
        return tiny_config(tiny_run, work_dir or tmp_path / 'work', options)

    return make


@pytest.fixture
def make_runner(make_cfg):
    """Build a Runner of the tiny config with options."""

    def make(options=None, work_dir=None, **changes):
        cfg = make_cfg(options, work_dir)
        for key, value in changes.items():
            cfg[key] = value
        return build_tiny_runner(cfg)

    return make


@pytest.fixture
def mined(monkeypatch):
    """Number of each round that is mined, and the iteration, in order."""
    rounds, mine = [], MiningLoop._mine

    def counted(loop):
        rounds.append((loop.round_number, loop.runner.iter))
        return mine(loop)

    monkeypatch.setattr(MiningLoop, '_mine', counted)
    return rounds
