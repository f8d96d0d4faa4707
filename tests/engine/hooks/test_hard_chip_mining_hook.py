import json
import shutil
from pathlib import Path

import pytest
import torch
from mmengine.hooks import EMAHook, Hook

from mmhcm.engine.hooks import HardChipMiningHook
from mmhcm.engine.mining import MiningLoop, MiningSources, sources
from mmhcm.engine.mining.loop import weights_digest
from mmhcm.engine.wrappers import unwrap
from mmhcm.structures.rounds import read_round
from tests.support.logged import collect_warnings
from tests.support.stopping import train_until
from tests.support.tiny_run import build_tiny_runner, state_of, tiny_config
from tests.support.watching import chips_of, watched_training

EMA = {'type': 'EMAHook', 'momentum': 0.3}
FAST = {'default_hooks.checkpoint': None, 'train_cfg.val_interval': 9}
TWO_ROUNDS = {'train_cfg.max_epochs': 3, 'default_hooks.mining.epochs': [1, 2]}


def round_path(work_dir, number=1):
    return Path(work_dir, 'hcm', f'round_{number}', 'hard_chips.jsonl')


def mining_hook(runner):
    return next(h for h in runner.hooks if isinstance(h, HardChipMiningHook))


def same_state(left, right):
    return left.keys() == right.keys() and all(
        torch.equal(left[name], right[name]) for name in left
    )


@pytest.mark.parametrize('epochs', [[2, 1], [1, 1], [-1]])
def test_epochs_ascend(epochs):
    with pytest.raises(ValueError, match='epochs must be ascending'):
        HardChipMiningHook(epochs)


def test_trains_mines_retrains_and_evaluates(make_runner, mined):
    runner = make_runner({**TWO_ROUNDS, 'train_cfg.val_interval': 3})
    watch = watched_training(runner)
    assert mined == [(1, 2), (2, 4)]
    rounds = [read_round(round_path(runner.work_dir, n)) for n in (1, 2)]
    # Each round takes the place of the one before.
    assert watch.hard == {
        0: 0,
        1: rounds[0].num_chips,
        2: rounds[1].num_chips,
    }
    assert rounds[0].num_chips > 0
    assert rounds[0].fingerprint != rounds[1].fingerprint
    assert all(r.counts['canvases'] == 2 for r in rounds)
    hub = runner.message_hub
    assert 'val/visdrone/AP' in hub.log_scalars
    assert not [key for key in hub.log_scalars if key.startswith('test/')]
    scalars = Path(runner.log_dir, 'vis_data', 'scalars.json').read_text()
    logged = [json.loads(line) for line in scalars.splitlines()]
    assert [row['hcm/chips'] for row in logged if 'hcm/chips' in row] == [
        float(r.num_chips) for r in rounds
    ]


def test_images_missing_later_do_not_end_the_run(make_runner, monkeypatch):
    digests = iter(['as at the start', 'without one', 'without two'])
    monkeypatch.setattr(sources, 'sources_digest', lambda *_: next(digests))
    runner = make_runner({**FAST, **TWO_ROUNDS})
    runner.train()
    origins = [
        read_round(round_path(runner.work_dir, number)).origin
        for number in (1, 2)
    ]
    assert [o['images'] for o in origins] == ['as at the start'] * 2
    assert len({o['pool'] for o in origins}) == 1
    assert origins[0]['pool'] == mining_hook(runner).sources.pool.fingerprint


def test_restart_begins_afresh(make_runner):
    runner = make_runner(
        {**FAST, 'custom_hooks': [EMA], 'default_hooks.mining.restart': True}
    )
    averages = {}

    class AverageHook(Hook):
        def before_train_epoch(self, runner):
            ema = next(h for h in runner.hooks if isinstance(h, EMAHook))
            averaged = ema.ema_model.module.state_dict()
            averages[runner.epoch] = (
                {name: value.clone() for name, value in averaged.items()},
                int(ema.ema_model.steps),
            )

    runner.register_hook(AverageHook(), priority='VERY_LOW')
    watch = watched_training(runner)
    assert same_state(watch.state[0], watch.state[1])
    assert watch.momentum == {0: 0, 1: 0}
    assert same_state(averages[1][0], watch.state[0])
    assert averages[1][1] == 0
    assert watch.hard[1] > 0
    # And it did train.
    assert not same_state(watch.state[0], state_of(runner))


def test_mines_with_averaged_weights(make_runner, monkeypatch):
    runner = make_runner({**FAST, 'custom_hooks': [EMA]})
    seen = []
    monkeypatch.setattr(
        'mmhcm.engine.mining.loop.weights_digest',
        lambda model: seen.append(weights_digest(model)) or seen[-1],
    )
    digests = {}

    class DigestHook(Hook):
        def before_train_epoch(self, runner):
            ema = next(h for h in runner.hooks if isinstance(h, EMAHook))
            digests[runner.epoch] = (
                weights_digest(unwrap(runner.model)),
                weights_digest(ema.ema_model.module),
            )

    runner.register_hook(DigestHook(), priority='VERY_HIGH')
    watch = watched_training(runner)
    plain, averaged = digests[1]
    assert plain != averaged
    assert seen == [averaged]
    # Training goes on from the plain weights.
    assert weights_digest_of(watch.state[1]) == plain


def weights_digest_of(state):
    class Holder:
        def state_dict(self):
            return state

    return weights_digest(Holder())


def test_interrupted_mining_does_not_change_training(make_runner, monkeypatch):
    runner = make_runner(FAST)
    train_until(runner, epoch=1)
    previous = runner._test_loop
    runner.model.train()
    runner.message_hub.update_info('loop_stage', 'train')
    monkeypatch.setattr(MiningLoop, 'run_iter', lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        mining_hook(runner).before_train_epoch(runner)
    assert runner._test_loop is previous
    assert runner.model.training
    assert runner.message_hub.get_info('loop_stage') == 'train'
    assert not round_path(runner.work_dir).exists()


@pytest.fixture(scope='module')
def killed_dir(tiny_run, tmp_path_factory):
    """Work directory of a run that ended after mining, without checkpoint."""
    work_dir = tmp_path_factory.mktemp('killed')
    runner = build_tiny_runner(tiny_config(tiny_run, work_dir, FAST))
    train_until(runner, iteration=2)
    assert round_path(work_dir).exists()
    return work_dir


@pytest.fixture
def rerun(killed_dir, make_runner, tmp_path):
    """Start that run once more, as far, and give its Runner."""

    def run(options=None, change=None):
        work_dir = tmp_path / 'again'
        shutil.copytree(killed_dir, work_dir)
        if change is not None:
            path = round_path(work_dir)
            path.write_text(change(path.read_text()))
        runner = make_runner({**FAST, **(options or {})}, work_dir)
        train_until(runner, iteration=3)
        return runner

    return run


def test_a_round_is_mined_once(rerun, killed_dir, mined):
    # Without a checkpoint the run starts over, and comes to equal weights.
    runner = rerun()
    assert not mined
    path = round_path(runner.work_dir)
    assert path.read_bytes() == round_path(killed_dir).read_bytes()
    dataset = chips_of(runner)
    assert dataset.num_hard == read_round(path).num_chips > 0


@pytest.mark.parametrize(
    'options',
    [
        {'optim_wrapper.optimizer.lr': 0.02},
        {'default_hooks.mining.metric.score_thr': 0.06},
        {'default_hooks.mining.canvases.num_pastes': 2},
        {'default_hooks.mining.pool.min_size': 4},
        {'default_hooks.mining.dataloader.batch_size': 2},
    ],
    ids=['weights', 'metric', 'canvases', 'pool', 'batch'],
)
def test_mined_again_from_other_inputs(rerun, mined, options):
    rerun(options)
    assert mined == [(1, 2)]


@pytest.mark.parametrize(
    'damage',
    [
        lambda text: text[: len(text) // 2],
        lambda text: '',
        lambda text: text.replace('"windows"', '"window"'),
    ],
    ids=['cut', 'empty', 'field'],
)
def test_mined_again_after_damage(rerun, killed_dir, mined, damage):
    runner = rerun(change=damage)
    assert mined == [(1, 2)]
    path = round_path(runner.work_dir)
    assert path.read_bytes() == round_path(killed_dir).read_bytes()


def test_external_annotations_are_inputs(make_runner, tiny_run, tmp_path):
    root = tiny_run.parent / 'data' / 'VisDrone2019-DET-val'
    external = {'type': 'VisDroneDataset', 'data_root': str(root)}
    runner = make_runner({**FAST, 'default_hooks.mining.external': [external]})
    settings = mining_hook(runner).settings
    chips = chips_of(runner)

    def digest(change=None):
        origins = MiningSources(
            chips.dataset, settings.external, None, tmp_path
        )
        if change is not None:
            images = origins.external[0]
            get_data_info = images.get_data_info
            images.get_data_info = lambda ind: change(get_data_info(ind))
        return settings.inputs_digest(chips, origins, 0)

    def moved(info):
        info['instances'][0]['bbox'][0] += 1
        return info

    assert digest() == digest(lambda info: info)
    assert digest(moved) != digest()


def test_canvases_of_external_images(make_runner, tiny_run):
    root = tiny_run.parent / 'data' / 'VisDrone2019-DET-val'
    external = {'type': 'VisDroneDataset', 'data_root': str(root)}
    runner = make_runner(
        {
            **FAST,
            'default_hooks.mining.external': [external],
            'default_hooks.mining.canvases.external_ratio': 1.0,
        }
    )
    runner.train()
    hard_round = read_round(round_path(runner.work_dir))
    assert {canvas.source for canvas in hard_round.canvases} == {1}
    dataset = chips_of(runner)
    info = dataset.get_data_info(len(dataset) - 1)
    assert info['img_path'].startswith(str(root))


def test_persistent_workers_see_hard_chips(make_runner):
    options = {
        **FAST,
        'train_dataloader.num_workers': 1,
        'train_dataloader.persistent_workers': True,
        'train_dataloader.sampler.hard_ratio': 1.0,
    }
    runner = make_runner(options)
    # A worker that does not know the hard chips raises IndexError.
    watch = watched_training(runner)
    assert watch.hard[1] > 0
    canvases = read_round(round_path(runner.work_dir)).canvases
    shown = {name for it in (2, 3) for name, *_ in watch.seen[it]}
    assert shown <= {canvas.img_id for canvas in canvases}


def mining(predict, **settings):
    """Make a hook's config without the settings of the tiny run."""
    return {
        '_delete_': True,
        'type': 'HardChipMiningHook',
        'epochs': [1],
        'predict': predict,
        'dataloader': {'num_workers': 0},
        **settings,
    }


@pytest.mark.parametrize('hard_ratio', [0.2, 0.5])
def test_negative_chips(make_runner, hard_ratio):
    hook = mining(
        'proposals',
        canvases={'num_canvases': 2, 'num_pastes': 0},
        metric={'type': 'NegativeChipMetric', 'min_proposals': 1},
    )
    options = {'train_dataloader.sampler.hard_ratio': hard_ratio}
    runner = make_runner({**FAST, **options, 'default_hooks.mining': hook})
    messages = collect_warnings(runner)
    watch = watched_training(runner)
    hard_round = read_round(round_path(runner.work_dir))
    assert watch.hard[1] == hard_round.num_chips > 0
    is_told = any('to draw all chips equally often' in m for m in messages)
    assert is_told == (hard_ratio == 0.5)
    assert not any(canvas.pastes for canvas in hard_round.canvases)
    assert hard_round.counts['proposals'] > 0


WITHOUT_NETWORK = {
    'background': {
        'canvases': {'num_canvases': 3, 'num_pastes': 0},
        'metric': {'type': 'BackgroundChipMetric'},
    },
    'objects': {
        'canvases': {'num_canvases': 3, 'num_pastes': 2},
        'metric': {'type': 'ObjectChipMetric'},
        'pool': {'min_size': 3},
    },
}


@pytest.mark.parametrize('kind', WITHOUT_NETWORK)
def test_metrics_without_network(make_runner, monkeypatch, mined, kind):
    scales = [
        {'window': 20, 'valid_range': (0, 12), 'stride': 4},
        {'window': 80, 'valid_range': (8, None), 'stride': 16},
    ]
    options = {
        **FAST,
        'default_hooks.mining': mining('nothing', **WITHOUT_NETWORK[kind]),
        'train_dataloader.dataset.scales': scales,
    }
    runner = make_runner(options)
    detector = type(unwrap(runner.model))
    monkeypatch.setattr(detector, 'test_step', lambda *_: 1 / 0)
    monkeypatch.setattr(detector, 'predict', lambda *_: 1 / 0)
    watch = watched_training(runner, iteration=3)
    path = round_path(runner.work_dir)
    content = path.read_bytes()
    hard_round = read_round(path)
    assert watch.hard[1] == hard_round.num_chips > 0
    pasted = any(canvas.pastes for canvas in hard_round.canvases)
    assert pasted == (kind == 'objects')
    # The weights have no say in it: a finished round is used again.
    other = {**options, 'optim_wrapper.optimizer.lr': 0.02}
    train_until(make_runner(other, runner.work_dir), iteration=3)
    assert mined == [(1, 2)]
    assert path.read_bytes() == content


def test_resumes_with_metrics_without_network(make_runner, mined):
    options = {
        'train_cfg.val_interval': 9,
        'default_hooks.checkpoint.save_best': None,
        'default_hooks.mining': mining(
            'nothing', **WITHOUT_NETWORK['objects']
        ),
    }
    make_runner(options).train()
    resumed = make_runner({**options, 'train_cfg.max_epochs': 3}, resume=True)
    watch = watched_training(resumed)
    path = round_path(resumed.work_dir)
    assert watch.hard == {2: read_round(path).num_chips}
    assert mined == [(1, 2)]


def test_needs_scales(make_runner):
    options = {'train_dataloader.dataset.scales': None}
    runner = make_runner(
        {**FAST, **options, 'default_hooks.mining.epochs': [0]}
    )
    with pytest.raises(ValueError, match='needs a ChipDataset with scales'):
        runner.train()


def test_another_pool_on_resume_is_an_error(make_runner):
    options = {
        'default_hooks.checkpoint.save_best': None,
        'train_cfg.val_interval': 9,
    }
    make_runner(options).train()
    resumed = make_runner(
        {
            **options,
            'train_cfg.max_epochs': 3,
            'default_hooks.mining.pool.min_size': 5,
        },
        resume=True,
    )
    with pytest.raises(ValueError, match='mined with another object pool'):
        resumed.train()
