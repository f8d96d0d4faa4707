"""A run that was stopped and resumed equals one that never stopped."""

from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook

from mmhcm.datasets import find_chip_dataset
from mmhcm.engine.mining import round_path
from tests.support.stopping import train_until
from tests.support.tiny_run import build_tiny_runner, state_of, tiny_config


class KeyHook(Hook):
    """Note the samples of each iteration, and what was drawn for them."""

    def __init__(self):
        self.samples = {}

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.samples[runner.iter] = [
            (sample.img_id, float(image.double().sum()))
            for sample, image in zip(
                data_batch['data_samples'], data_batch['inputs'], strict=True
            )
        ]


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
    whole = KeyHook()
    runner.register_hook(whole)
    train_until(runner, iteration=11)
    history = chips_of(runner).hard_history
    assert [first_epoch for first_epoch, _ in history] == [1, 2]

    resumed = make_runner(options, resume=True)
    keys = KeyHook()
    resumed.register_hook(keys)
    resumed.train()
    assert chips_of(resumed).hard_history == history
    for iteration in (9, 10):
        assert keys.samples[iteration] == whole.samples[iteration]


def chips_of(runner):
    return find_chip_dataset(runner.train_dataloader.dataset)


@pytest.fixture(scope='module')
def uninterrupted(options, tiny_run, tmp_path_factory):
    """Weights, samples and the round of a run that never stopped."""
    work_dir = tmp_path_factory.mktemp('uninterrupted')
    runner = build_tiny_runner(tiny_config(tiny_run, work_dir, options))
    keys = KeyHook()
    runner.register_hook(keys)
    runner.train()
    round_bytes = round_path(work_dir, 1).read_bytes()
    return state_of(runner), keys.samples, round_bytes


@pytest.mark.parametrize(
    'moment',
    [{'epoch': 1}, {'iteration': 3}, {'iteration': 5}],
    ids=['before mining', 'before the next checkpoint', 'after it'],
)
def test_resumed_equals_uninterrupted(
    moment, options, uninterrupted, make_runner, mined
):
    runner = train_until(make_runner(options), **moment)
    assert (Path(runner.work_dir) / 'epoch_1.pth').is_file()

    resumed = make_runner(options, resume=True)
    keys = KeyHook()
    resumed.register_hook(keys)
    resumed.train()
    weights, samples, mined_round = uninterrupted
    state = state_of(resumed)
    assert [
        name for name in weights if not torch.equal(weights[name], state[name])
    ] == []
    first = 4 if moment.get('iteration') == 5 else 2
    assert keys.samples == {
        iteration: drawn
        for iteration, drawn in samples.items()
        if iteration >= first
    }
    assert len(mined) == 1
    assert round_path(resumed.work_dir, 1).read_bytes() == mined_round
    assert chips_of(resumed).num_hard > 0


def test_checkpoints_load_safely(make_runner):
    runner = make_runner({'train_cfg.val_interval': 1})
    runner.train()
    paths = sorted(Path(runner.work_dir).glob('*.pth'))
    assert {'epoch_1.pth', 'epoch_2.pth'} < {path.name for path in paths}
    for path in paths:
        checkpoint = torch.load(path, weights_only=True)
        assert checkpoint['state_dict'].keys() == state_of(runner).keys()
    checkpoint = torch.load(
        Path(runner.work_dir, 'epoch_2.pth'), weights_only=True
    )
    (entry,) = checkpoint['hard_chip_mining']['rounds']
    assert entry['round'] == 1
    # The hub comes back with its histories.
    resumed = make_runner({'train_cfg.max_epochs': 3}, resume=True)
    resumed.load_or_resume()
    left, right = (
        hub.get_scalar('train/loss').data
        for hub in (runner.message_hub, resumed.message_hub)
    )
    for ours, theirs in zip(left, right, strict=True):
        assert ours.tolist() == theirs.tolist()
        assert ours.dtype == theirs.dtype
