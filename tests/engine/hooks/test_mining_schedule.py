"""Moments of mining that come, come late, or would never come."""

import pytest
import torch
from mmengine.hooks import Hook

from mmhcm.engine.hooks import HardChipMiningHook
from mmhcm.engine.mining import round_path
from mmhcm.structures.rounds import read_round
from tests.support.logged import collect_warnings
from tests.support.stopping import assert_refused
from tests.support.tiny_run import state_of
from tests.support.watching import watched_training

EPOCHS = 'default_hooks.mining.epochs'
ITERS = 'default_hooks.mining.iters'
FAST = {
    'train_cfg.val_interval': 99,
    'default_hooks.checkpoint.save_best': None,
}


def by_iteration(iters, **more):
    """Options of a loop of 6 iterations, each with a checkpoint."""
    return {
        'train_cfg': {
            '_delete_': True,
            'type': 'IterBasedTrainLoop',
            'max_iters': 6,
            'val_interval': 99,
        },
        'default_hooks.checkpoint.save_best': None,
        'default_hooks.checkpoint.by_epoch': False,
        'default_hooks.checkpoint.max_keep_ckpts': -1,
        'default_hooks.logger.interval': 1,
        'log_processor.by_epoch': False,
        EPOCHS: [],
        ITERS: iters,
        **more,
    }


NEVER = {
    'epochs at the end': (
        {EPOCHS: [2]},
        r'mining.epochs=\[2\]: training ends before 2, as '
        r'train_cfg.max_epochs is 2: set default_hooks.mining.epochs=\[1\]',
    ),
    'epochs beyond the end': (
        {EPOCHS: [1, 12]},
        r'mining.epochs=\[1, 12\]: training ends before 12',
    ),
    'fewer epochs': ({'train_cfg.max_epochs': 1}, 'max_epochs is 1'),
    'iterations of an epoch-based loop': (
        {EPOCHS: [], ITERS: [3]},
        r'mining.iters=\[3\]: EpochBasedTrainLoop mines between epochs',
    ),
    'epochs of an iteration-based loop': (
        by_iteration([], **{EPOCHS: [1]}),
        r'mining.epochs=\[1\]: IterBasedTrainLoop has no epochs',
    ),
    'iterations at the end': (
        by_iteration([6]),
        r'mining.iters=\[6\]: .* train_cfg.max_iters is 6: .*iters=\[3\]',
    ),
    'no share of hard chips': (
        {'train_dataloader.sampler.hard_ratio': 0.0},
        'train_dataloader.sampler.hard_ratio=0.0: no mined chip',
    ),
    'normal chips again too early': (
        {'train_dataloader.sampler.normal_from': 1},
        'train_dataloader.sampler.normal_from=1: ',
    ),
}


@pytest.mark.parametrize('case', NEVER)
def test_mining_that_would_never_happen_is_refused(make_runner, case):
    options, message = NEVER[case]
    assert_refused(make_runner(options), message)


@pytest.mark.parametrize('name', ['epochs', 'iters'])
@pytest.mark.parametrize('value', [1, '1', [1.5], [True], None])
def test_moments_are_lists_of_numbers(name, value):
    with pytest.raises(ValueError, match=f'{name} must be a list of whole'):
        HardChipMiningHook(**{name: value})


KEY = 'default_hooks.mining'
REHEARSED = {
    'absent external data': (
        {f'{KEY}.external': [{'type': 'DOTADataset', 'data_root': 'absent'}]},
        f'{KEY}.external: no folder of images at absent/images',
    ),
    'a misspelled canvas': (
        {f'{KEY}.canvases.num_paste': 3},
        f'{KEY}.canvases: .*num_paste',
    ),
    'a misspelled paste': (
        {f'{KEY}.canvases.paste': {'overlap': 3}},
        f'{KEY}.canvases: .*overlap',
    ),
    'a misspelled pool': ({f'{KEY}.pool.min': 3}, f"{KEY}.pool: .*'min'"),
    'an empty pool': (
        {f'{KEY}.pool.min_size': 999},
        f'{KEY}.pool: the object pool would be empty',
    ),
    'a misspelled metric': (
        {f'{KEY}.metric.kind': ['class']},
        f"{KEY}.metric: .*'kind'",
    ),
    'another kind of metric': (
        {f'{KEY}.metric': {'_delete_': True, 'type': 'VisDroneMetric'}},
        f'{KEY}.metric: ',
    ),
    'an unknown kind of errors': (
        {f'{KEY}.metric.kinds': ['klass']},
        f'{KEY}.metric: .*klass',
    ),
    'a misspelled merge': (
        {f'{KEY}.tta_model': {'iou': 0.5}},
        f"{KEY}.tta_model: .*'iou'",
    ),
    'unknown predictions': (
        {f'{KEY}.predict': 'boxes'},
        f'{KEY}.tta_model: predict must be one of',
    ),
    'a misspelled loader': (
        {f'{KEY}.dataloader.workers': 1},
        f"{KEY}.dataloader: .*'workers'",
    ),
    'a misspelled scale': (
        {f'{KEY}.test_scales': [{'scale': 2}]},
        f'{KEY}.canvases: .*scale',
    ),
}


@pytest.mark.parametrize('fault', REHEARSED)
def test_a_round_is_rehearsed(make_runner, fault):
    options, message = REHEARSED[fault]
    assert_refused(make_runner(options), message)


def test_external_data_of_other_classes(make_runner, tiny_run):
    root = tiny_run.parent / 'data' / 'VisDrone2019-DET-val'
    external = {
        'type': 'VisDroneDataset',
        'data_root': str(root),
        'metainfo': {'classes': ['a', 'b']},
    }
    runner = make_runner({f'{KEY}.external': [external]})
    with pytest.raises(ValueError, match=r'has the classes .* a class map'):
        runner.train()


def test_mines_late_after_a_resume(make_runner, mined):
    make_runner({**FAST, EPOCHS: []}).train()
    resumed = make_runner(
        {**FAST, 'train_cfg.max_epochs': 3, EPOCHS: [0, 1]}, resume=True
    )
    messages = collect_warnings(resumed)
    watch = watched_training(resumed)
    assert mined == [(2, 4)]
    assert any('round 2 was due at 1: this run' in line for line in messages)
    num_chips = read_round(round_path(resumed.work_dir, 2)).num_chips
    assert watch.num_hard == {4: num_chips, 5: num_chips}
    assert num_chips > 0
    # And is not mined again.
    again = make_runner(
        {**FAST, 'train_cfg.max_epochs': 4, EPOCHS: [0, 1]},
        resumed.work_dir,
        resume=True,
    )
    watch = watched_training(again)
    assert len(mined) == 1
    assert watch.num_hard == {6: num_chips, 7: num_chips}


LATE = {
    'at the end': ({}, 'trained to its end, 2, and round 1'),
    'with a restart': (
        {'train_cfg.max_epochs': 3, 'default_hooks.mining.restart': True},
        r'restart: .* initial weights',
    ),
}


@pytest.mark.parametrize('case', LATE)
def test_late_rounds_that_are_refused(make_runner, case):
    options, message = LATE[case]
    make_runner({**FAST, EPOCHS: []}).train()
    resumed = make_runner({**FAST, EPOCHS: [1], **options}, resume=True)
    with pytest.raises(ValueError, match=message):
        resumed.train()


def test_a_run_that_stops_early_says_so(make_runner):
    runner = make_runner(FAST)
    messages = collect_warnings(runner)

    class EndHook(Hook):
        def after_train_epoch(self, runner):
            runner.train_loop.stop_training = True

    runner.register_hook(EndHook())
    runner.train()
    assert any('round 1 was not mined' in line for line in messages)


@pytest.mark.parametrize('num_workers', [0, 1])
def test_mines_between_iterations(make_runner, mined, num_workers):
    loader = {
        'train_dataloader.num_workers': num_workers,
        'train_dataloader.persistent_workers': num_workers > 0,
        'train_dataloader.sampler.hard_ratio': 1.0,
    }
    runner = make_runner(by_iteration([3], **loader))
    watch = watched_training(runner)
    assert mined == [(1, 3)]
    hard_round = read_round(round_path(runner.work_dir, 1))
    num_chips = hard_round.num_chips
    assert num_chips > 0
    assert watch.num_hard == {it: num_chips * (it > 2) for it in range(6)}
    shown = {name for it in (3, 4, 5) for name, *_ in watch.seen[it]}
    assert shown <= {canvas.img_id for canvas in hard_round.canvases}
    # Checkpoints of earlier iterations are of other weights.
    assert hard_round.origin['epoch'] == 0


@pytest.mark.parametrize(
    'last',
    [*(pytest.param(it, marks=pytest.mark.nightly) for it in (2, 3)), 4],
)
def test_a_resumed_run_by_iteration_is_the_same(make_runner, mined, last):
    whole = make_runner(by_iteration([3]))
    watch = watched_training(whole)
    folder = f'{whole.work_dir}_part'
    watched_training(make_runner(by_iteration([3]), folder), iteration=last)
    resumed = make_runner(by_iteration([3]), folder, resume=True)
    after = watched_training(resumed)
    assert after.seen == {it: watch.seen[it] for it in range(last, 6)}
    states = state_of(whole), state_of(resumed)
    for name, tensor in states[0].items():
        assert torch.equal(tensor, states[1][name]), name


def test_draws_change_with_each_pass(make_runner):
    length = {'train_dataloader.sampler.num_samples': 2}
    watch = watched_training(make_runner(by_iteration([5], **length)))
    assert len({str(watch.seen[it]) for it in range(5)}) > 2


def test_a_report_by_iteration(make_runner):
    report = {
        'type': 'MiningReportHook',
        'num_examples': 2,
        'num_canvases': 1,
    }
    options = {'default_hooks.mining_report': report}
    runner = make_runner(by_iteration([3], **options))
    runner.train()
    path = round_path(runner.work_dir, 1)
    assert path.with_name('report.html').is_file()
