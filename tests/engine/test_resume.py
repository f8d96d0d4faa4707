"""A run that was stopped and resumed equals one that never stopped."""

import shutil
from pathlib import Path

import pytest
import torch

from mmhcm.engine.mining import round_path
from mmhcm.structures.rounds import read_round
from tests.support.logged import collect_warnings
from tests.support.stopping import train_until
from tests.support.tiny_run import build_tiny_runner, state_of, tiny_config
from tests.support.watching import chips_of, watched_training

PLAIN = {'train_cfg.val_interval': 9, 'default_hooks.mining.epochs': []}


@pytest.fixture(
    scope='module',
    params=[
        'plain',
        pytest.param('averaged', marks=pytest.mark.nightly),
        pytest.param('restarted', marks=pytest.mark.nightly),
    ],
)
def options(request):
    averaged = request.param == 'averaged'
    hooks = [{'type': 'EMAHook', 'momentum': 0.2}] if averaged else []
    return {
        'train_cfg.max_epochs': 3,
        'train_cfg.val_interval': 3,
        'custom_hooks': hooks,
        'default_hooks.mining.restart': request.param == 'restarted',
    }


@pytest.mark.parametrize('accumulate', [False, True])
def test_a_resumed_run_draws_what_two_rounds_left(
    accumulate, tiny_run, make_runner
):
    options = {
        'train_cfg.max_epochs': 4,
        'train_cfg.val_interval': 9,
        'train_dataloader.sampler.num_samples': 6,
        'default_hooks.mining.epochs': [1, 2],
        'default_hooks.mining.accumulate': accumulate,
    }
    runner = make_runner(options)
    whole = watched_training(runner, iteration=11)
    history = chips_of(runner).hard_history
    first, second = (
        read_round(round_path(runner.work_dir, number)).num_chips
        for number in (1, 2)
    )
    assert history == ((1, first), (2, second + accumulate * first))

    resumed = make_runner(options, resume=True)
    watch = watched_training(resumed)
    assert chips_of(resumed).hard_history == history
    for iteration in (9, 10):
        assert watch.seen[iteration] == whole.seen[iteration]


@pytest.fixture(scope='module')
def uninterrupted(options, tiny_run, tmp_path_factory):
    """Weights, samples and the round of a run that never stopped."""
    work_dir = tmp_path_factory.mktemp('uninterrupted')
    runner = build_tiny_runner(tiny_config(tiny_run, work_dir, options))
    watch = watched_training(runner)
    return state_of(runner), watch.seen, round_path(work_dir, 1).read_bytes()


@pytest.mark.parametrize(
    'moment',
    [{'epoch': 1}, {'iteration': 3}, {'iteration': 5}],
    ids=['before mining', 'before the next checkpoint', 'after it'],
)
def test_resumed_equals_uninterrupted(
    moment, options, uninterrupted, make_runner, mined
):
    runner = make_runner(options)
    train_until(runner, **moment)
    assert (Path(runner.work_dir) / 'epoch_1.pth').is_file()

    resumed = make_runner(options, resume=True)
    watch = watched_training(resumed)
    weights, samples, mined_round = uninterrupted
    state = state_of(resumed)
    assert [
        name for name in weights if not torch.equal(weights[name], state[name])
    ] == []
    first = 4 if moment.get('iteration') == 5 else 2
    assert watch.seen == {
        iteration: drawn
        for iteration, drawn in samples.items()
        if iteration >= first
    }
    assert mined == [(1, 2)]
    assert round_path(resumed.work_dir, 1).read_bytes() == mined_round
    assert chips_of(resumed).num_hard > 0


OTHER_SCHEDULES = {
    'the same': ({}, ''),
    'more epochs': ({'train_cfg.max_epochs': 3}, '[1].end is 2, not 3'),
    'another milestone': (
        {'param_scheduler.1.milestones': [1]},
        '[1].milestones is [2], not [1]',
    ),
    'another rate': (
        {'optim_wrapper.optimizer.lr': 0.02},
        '[0].base_values is [0.01], not [0.02]',
    ),
    'one scheduler': (
        {'param_scheduler': [{'type': 'ConstantLR', 'end': 2}]},
        '2 schedulers, not 1',
    ),
}


@pytest.fixture(scope='module')
def trained_dir(tiny_run, tmp_path_factory):
    work_dir = tmp_path_factory.mktemp('trained')
    cfg = tiny_config(tiny_run, work_dir, {**PLAIN})
    build_tiny_runner(cfg).train()
    return work_dir


@pytest.mark.parametrize('case', OTHER_SCHEDULES)
def test_another_schedule_on_resume_is_a_warning(
    make_runner, trained_dir, tmp_path, case
):
    options, difference = OTHER_SCHEDULES[case]
    work_dir = shutil.copytree(trained_dir, tmp_path / 'resumed')
    runner = make_runner({**PLAIN, **options}, work_dir, resume=True)
    messages = collect_warnings(runner)
    runner.train()
    told = [line for line in messages if 'continues the schedule' in line]
    assert len(told) == bool(difference)
    assert all(difference in line for line in told)
