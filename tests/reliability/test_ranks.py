"""Runs of several ranks mine one round and end together."""

import signal
import time
from pathlib import Path

import pytest
import torch

from mmhcm.engine.launching import only_run_in
from tests.reliability.ranks import (
    DEADLINE,
    LOST_AFTER,
    Ranks,
    break_down,
    die,
    fault_at,
    fill_disk,
    freeze,
    nap,
    spoil_loss,
)
from tests.support.tiny_run import (
    build_tiny_runner,
    tiny_config,
    write_tiny_run,
)

ROUND = Path('hcm', 'round_1', 'hard_chips.jsonl')
LOOP = 'mmhcm.engine.mining.loop'
TRAINING = 'mmengine.runner.loops:EpochBasedTrainLoop.run_iter'
MINING = f'{LOOP}:MiningLoop.run_iter'
POOL = 'mmhcm.engine.mining.pools:build_pool'
SCAN = 'mmhcm.datasets.partial_decoding.parts:build_restart_offsets'
CHIPS = 'mmhcm.datasets.chip_finding:write_chip_index'
ROUNDS = f'{LOOP}:write_round'


@pytest.fixture(scope='module')
def tiny(tmp_path_factory):
    """Path of a config and of a checkpoint to mine with, trained by one."""
    config = write_tiny_run(tmp_path_factory.mktemp('tiny'))
    work_dir = tmp_path_factory.mktemp('trained')
    options = {'train_cfg.max_epochs': 1, 'default_hooks.mining.epochs': []}
    build_tiny_runner(tiny_config(config, work_dir, options)).train()
    return config, work_dir / 'epoch_1.pth'


@pytest.fixture
def start(tiny, tmp_path):
    """Start ranks that mine, train an epoch, and train another one."""
    config, checkpoint = tiny
    started = []

    def start(num, fault=None, name='work', *args, **options):
        options = {
            'load_from': checkpoint,
            'process_group.lost_after': LOST_AFTER,
            'default_hooks.mining.epochs': '[0]',
            'default_hooks.mining.canvases.num_canvases': 3,
            'default_hooks.mining.metric.kinds': '[background,class,missed]',
            'train_cfg.val_begin': 9,
            'default_hooks.checkpoint.save_best': 'None',
            # Of its own, for what the main process builds.
            'cache_dir': tmp_path / name / 'cache',
            **options,
        }
        ranks = Ranks(
            num,
            tmp_path / name,
            [
                str(config),
                f'--work-dir={tmp_path / name}',
                *args,
                '--cfg-options',
                *(f'{key}={value}' for key, value in options.items()),
            ],
            fault,
        )
        started.append(ranks)
        return ranks

    yield start
    for ranks in started:
        ranks.kill()


@pytest.mark.parametrize(
    ('num', 'fault'),
    [
        (2, None),
        # A main process that has much to do is waited for.
        pytest.param(2, fault_at(POOL, nap, 0), marks=pytest.mark.nightly),
        pytest.param(3, None, marks=pytest.mark.nightly),
    ],
    ids=['two', 'two, one busy', 'three'],
)
def test_ranks_mine_the_round_of_one(start, tmp_path, num, fault):
    options = {'train_cfg.max_epochs': 1}
    one = start(1, None, 'one', **options)
    assert one.wait() == [0], one.text(0)
    many = start(num, fault, 'many', **options)
    assert many.wait() == [0] * num, many.text(0)
    mined = (tmp_path / 'one' / ROUND).read_bytes()
    assert mined.count(b'\n') >= 3
    assert (tmp_path / 'many' / ROUND).read_bytes() == mined


def await_survivors(ranks, lost):
    """Wait until all but the lost one have ended, soon after it."""
    lost_process = ranks.processes[lost]
    lost_process.join(120)
    since = time.monotonic()
    assert ranks.wait(DEADLINE)[1 - lost] == 1, ranks.text(1 - lost)
    # A minute, less what a silence of 45 s instead would take.
    assert time.monotonic() - since < DEADLINE


GONE = 'another rank is gone'
CASES = {
    'killed while mining': (MINING, die, 1, 1, GONE),
    'raises in training': (TRAINING, break_down, 1, 2, GONE),
    'pool on a full disk': (POOL, fill_disk, 0, 1, 'No space left on device'),
    'main killed while it cuts objects': (POOL, die, 0, 1, GONE),
    'main raises while it scans': (SCAN, break_down, 0, 1, 'rank 0: a fault'),
    'main raises while it writes chips': (CHIPS, break_down, 0, 1, GONE),
    'round on a full disk': (ROUNDS, fill_disk, 0, 1, 'No space left'),
}


@pytest.mark.parametrize(
    ('place', 'act', 'rank', 'calls', 'reason'), CASES.values(), ids=CASES
)
@pytest.mark.nightly
def test_dead_rank_ends_the_other(start, place, act, rank, calls, reason):
    ranks = start(2, fault_at(place, act, rank, calls))
    await_survivors(ranks, rank)
    (line,) = ranks.errors(1 - rank)
    assert reason in line
    if act is die:
        assert ranks.processes[rank].exitcode == -signal.SIGKILL
    assert 'Traceback' not in ranks.text(1 - rank)


@pytest.mark.nightly
def test_killed_ranks_resume_to_the_same_weights(start, tmp_path):
    assert start(2, None, 'whole').wait() == [0, 0]
    killed = start(2, fault_at(TRAINING, die, 1, calls=2), 'cut')
    await_survivors(killed, 1)
    (line,) = killed.errors(0)
    assert line.startswith('error: another rank is gone')
    assert (tmp_path / 'cut' / 'epoch_1.pth').is_file()
    assert not (tmp_path / 'cut' / 'epoch_2.pth').exists()
    resumed = start(2, None, 'cut', '--resume')
    assert resumed.wait() == [0, 0], resumed.text(0)
    whole, cut = (
        torch.load(tmp_path / name / 'epoch_2.pth', weights_only=True)
        for name in ('whole', 'cut')
    )
    for name, tensor in whole['state_dict'].items():
        assert torch.equal(tensor, cut['state_dict'][name]), name
    # Training has changed them at all.
    first = torch.load(tmp_path / 'cut' / 'epoch_1.pth', weights_only=True)
    assert any(
        not torch.equal(tensor, first['state_dict'][name])
        for name, tensor in whole['state_dict'].items()
    )
    assert (tmp_path / 'whole' / ROUND).read_bytes() == (
        tmp_path / 'cut' / ROUND
    ).read_bytes()


@pytest.mark.parametrize('rank', [0, 1])
@pytest.mark.nightly
def test_frozen_rank_ends_the_other(start, rank):
    # Its connections stay open, so that the network says nothing.
    ranks = start(2, fault_at(TRAINING, freeze, rank, calls=1))
    other = ranks.processes[1 - rank]
    other.join(120)
    assert other.exitcode == 1
    (line,) = ranks.errors(1 - rank)
    assert line.startswith(f'error: rank {rank} ')
    assert 'no sign of life' in line or 'does not answer' in line


@pytest.mark.nightly
def test_locked_work_dir_ends_all_ranks(start, tmp_path):
    with only_run_in(tmp_path / 'work'):
        ranks = start(2)
        assert ranks.wait() == [1, 1]
    for rank in (0, 1):
        (line,) = ranks.errors(rank)
        assert f'another run is writing into {tmp_path}/work (' in line
    assert not list((tmp_path / 'work').glob('2*'))


@pytest.mark.nightly
def test_nan_loss_of_one_rank_ends_all(start, tmp_path):
    ranks = start(2, fault_at(TRAINING, spoil_loss, 1, calls=2))
    assert ranks.wait() == [1, 1]
    (line,) = ranks.errors(1)
    assert line.startswith('error: loss is nan at iteration 2 (epoch 2), on ')
    (other_line,) = ranks.errors(0)
    assert GONE in other_line
    folder = tmp_path / 'work' / 'non_finite'
    assert (folder / 'iter_2_rank_1.json').is_file()
    assert (tmp_path / 'work' / 'epoch_1.pth').is_file()
    assert not (tmp_path / 'work' / 'epoch_2.pth').exists()
