import json
import math
from pathlib import Path

import pytest
import torch
from mmdet.registry import OPTIM_WRAPPERS
from mmengine.hooks import Hook
from mmengine.optim import AmpOptimWrapper, OptimWrapper

from mmhcm.engine.checkpoints import latest_checkpoint
from mmhcm.engine.wrappers import unwrap

OPTIONS = {
    'default_hooks.mining.epochs': [],
    'train_cfg.val_interval': 9,
    'default_hooks.checkpoint.save_best': None,
    'train_dataloader.dataset.pipeline.5.meta_keys': (
        'img_path',
        'img_shape',
        'flip_direction',
        'chip_window',
    ),
}
# Two iterations an epoch, counted from 0: one behind the first checkpoint.
BAD = 3


class SpoilHook(Hook):
    """Break numbers of one iteration, as overflow would."""

    def __init__(self, what, value, iteration=BAD):
        self.what, self.value, self.iteration = what, value, iteration

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == self.iteration and self.what == 'loss':
            self._spoil_loss(unwrap(runner.model))
        if runner.iter == self.iteration and self.what == 'gradient':
            parameter = next(unwrap(runner.model).neck.parameters())
            parameter.register_hook(lambda grad: grad + self.value)

    def _spoil_loss(self, model):
        parse_losses = model.parse_losses

        def spoilt(losses):
            # The losses that are named 'loss' are summed up.
            losses = {**losses, 'loss_spoilt': torch.tensor(self.value)}
            return parse_losses(losses)

        model.parse_losses = spoilt

    def after_train_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ):
        if runner.iter == self.iteration and self.what == 'weight':
            parameter = next(unwrap(runner.model).neck.parameters())
            with torch.no_grad():
                parameter.view(-1)[5] = self.value


def spoilt_runner(make_runner, what, value, options=None, **kwargs):
    runner = make_runner({**OPTIONS, **(options or {})})
    runner.register_hook(SpoilHook(what, value, **kwargs), priority='NORMAL')
    return runner


def checkpoints(runner):
    return sorted(path.name for path in Path(runner.work_dir).glob('*.pth'))


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_a_loss_stops_the_run(make_runner, value):
    runner = spoilt_runner(make_runner, 'loss', value)
    with pytest.raises(FloatingPointError) as error:
        runner.train()
    line = str(error.value)
    assert line.startswith(f'loss is {value} at iteration 4 (epoch 2), on ')
    (path,) = Path(runner.work_dir, 'non_finite').iterdir()
    assert path.name == 'iter_4_rank_0.json'
    assert f'see {path}' in line

    def refuse(constant):
        raise AssertionError(f'{constant} is no JSON')

    record = json.loads(path.read_text(), parse_constant=refuse)
    assert (record['epoch'], record['iteration']) == (2, 4)
    assert record['values']['loss'] == str(value)
    assert record['values']['loss_spoilt'] == str(value)
    assert 0 < record['values']['loss_rpn_cls'] < 100
    assert len(record['samples']) == 2
    for sample in record['samples']:
        assert Path(sample['img_path']).is_file()
        assert Path(sample['img_path']).name in line
        x1, y1, x2, y2 = sample['chip_window']
        assert 0 <= x1 < x2 <= 112
        assert 0 <= y1 < y2 <= 80
    # What was there before stays, and is what the run goes on from.
    assert checkpoints(runner) == ['epoch_1.pth']
    assert latest_checkpoint(runner.work_dir).endswith('epoch_1.pth')


@pytest.mark.parametrize(
    ('value', 'options', 'message'),
    [
        (float('inf'), {}, r'grad_norm is (inf|nan) at iteration 4'),
        # In the last iteration before a checkpoint is written.
        (
            float('nan'),
            {'optim_wrapper.clip_grad': None},
            'no checkpoint is written',
        ),
    ],
    ids=['clipped', 'unclipped'],
)
def test_a_gradient_stops_the_run(make_runner, value, options, message):
    runner = spoilt_runner(make_runner, 'gradient', value, options)
    with pytest.raises(FloatingPointError, match=message):
        runner.train()
    assert checkpoints(runner) == ['epoch_1.pth']


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_broken_weights_are_not_written(make_runner, value):
    runner = spoilt_runner(make_runner, 'weight', value, iteration=1)
    with pytest.raises(
        FloatingPointError, match=r'neck\..* is not finite after iteration'
    ):
        runner.train()
    assert checkpoints(runner) == []


def test_infinite_buffers_are_no_fault(make_runner):
    runner = make_runner(OPTIONS)
    mask = torch.full((3,), float('-inf'))
    unwrap(runner.model).register_buffer('mask', mask)
    runner.train()
    assert 'epoch_2.pth' in checkpoints(runner)


@OPTIM_WRAPPERS.register_module(force=True)
class CpuAmpOptimWrapper(AmpOptimWrapper):
    """Loss scaling where MMEngine asks for a GPU."""

    def __init__(self, **kwargs):
        OptimWrapper.__init__(self, **kwargs)
        self._scale_update_param, self.cast_dtype = None, None
        self.loss_scaler = torch.amp.GradScaler('cpu')

    def optim_context(self, model):
        return OptimWrapper.optim_context(self, model)


def test_loss_scaling_may_overflow(make_runner):
    """Steps with infinite gradients are skipped, and training goes on."""
    runner = spoilt_runner(
        make_runner,
        'gradient',
        float('inf'),
        {'optim_wrapper.type': 'CpuAmpOptimWrapper'},
        iteration=1,
    )
    runner.train()
    norms, _ = runner.message_hub.get_scalar('train/grad_norm').data
    assert not math.isfinite(norms[1])
    assert 'epoch_2.pth' in checkpoints(runner)


def test_a_loss_stops_loss_scaling_too(make_runner):
    runner = spoilt_runner(
        make_runner,
        'loss',
        float('nan'),
        {'optim_wrapper.type': 'CpuAmpOptimWrapper'},
    )
    with pytest.raises(FloatingPointError, match='loss is nan at iteration 4'):
        runner.train()
