"""A tiny regression in place of a detector: only when things happen counts."""

from pathlib import Path
from uuid import uuid4

import pytest
import torch
from mmengine.evaluator import BaseMetric
from mmengine.fileio import get_file_backend
from mmengine.model import BaseModel
from mmengine.runner import Runner

from mmhcm.engine.hooks import AtomicCheckpointHook, PlainCheckpointHook
from mmhcm.engine.hooks.atomic_checkpoint_hook import ATOMIC
from mmhcm.structures.files import atomic_write
from tests.support.stopping import train_until


class Died(BaseException):
    """Exception that no handler catches, to end a run at a chosen moment."""


class Line(BaseModel):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def forward(self, inputs, mode='tensor'):
        value = torch.stack(inputs) * self.weight
        if mode == 'loss':
            return {'loss': ((value - 1) ** 2).mean()}
        return [value]


class Score(BaseMetric):
    """A fixed score for each epoch; notes when it was asked for."""

    default_prefix = 'toy'

    def __init__(self, scores, asked):
        super().__init__()
        self.scores, self.asked = scores, asked
        self.dies_at = None

    def process(self, data_batch, data_samples):
        self.results.append(0)

    def compute_metrics(self, results):
        epoch = self.runner.epoch
        if epoch == self.dies_at:
            raise Died
        self.asked.append(epoch)
        return {'score': self.scores[epoch]}


def build(work_dir, scores=(0, 3, 5, 4, 6), resume=False, epochs=4, **options):
    """A Runner over two batches an epoch; its metric is returned as well."""
    loader = {
        'batch_size': 2,
        'sampler': {'type': 'DefaultSampler', 'shuffle': False},
        'collate_fn': {'type': 'pseudo_collate'},
        'dataset': [{'inputs': torch.ones(1)}] * 4,
    }
    metric = Score(scores, [])
    load_from = resume if isinstance(resume, str) else None
    runner = Runner(
        model=Line(),
        work_dir=str(work_dir),
        train_dataloader=loader,
        val_dataloader=loader,
        train_cfg={'by_epoch': True, 'max_epochs': epochs},
        val_cfg={},
        val_evaluator=[metric],
        optim_wrapper={'optimizer': {'type': 'SGD', 'lr': 0.1}},
        default_hooks={
            'checkpoint': {
                'type': 'AtomicCheckpointHook',
                'interval': 1,
                'max_keep_ckpts': 1,
                'save_best': 'toy/score',
                'rule': 'greater',
                **options,
            }
        },
        custom_hooks=[PlainCheckpointHook()],
        resume=bool(resume),
        load_from=load_from,
        experiment_name=uuid4().hex,
        log_level='ERROR',
        default_scope='mmdet',
    )
    metric.runner = runner
    return runner, metric


def names(work_dir):
    return sorted(path.name for path in Path(work_dir).glob('*.pth'))


def load(work_dir, name):
    return torch.load(Path(work_dir, name), weights_only=True)


def train(runner, dies=False):
    if dies:
        with pytest.raises(Died):
            runner.train()
    else:
        runner.train()


def test_newest_and_best_are_kept(tmp_path):
    runner, metric = build(tmp_path)
    train(runner)
    assert metric.asked == [1, 2, 3, 4]
    assert names(tmp_path) == ['best_toy_score_epoch_4.pth', 'epoch_4.pth']
    assert (tmp_path / 'last_checkpoint').read_text() == str(
        tmp_path / 'epoch_4.pth'
    )
    assert not [p for p in tmp_path.iterdir() if p.name.endswith('.tmp')]


@pytest.mark.parametrize('name', ['epoch_3.pth', 'best_toy_score_epoch_2.pth'])
def test_kill_while_writing_keeps_the_old_checkpoint(
    tmp_path, name, monkeypatch
):
    def failing_write(path):
        if Path(path).name == name:
            raise Died
        return atomic_write(path)

    monkeypatch.setattr(
        'mmhcm.engine.hooks.atomic_checkpoint_hook.atomic_write', failing_write
    )
    train(build(tmp_path)[0], dies=True)
    best = 2 if name == 'epoch_3.pth' else 1
    assert names(tmp_path) == [
        f'best_toy_score_epoch_{best}.pth',
        'epoch_2.pth',
    ]
    monkeypatch.undo()
    runner, _ = build(tmp_path, resume=True)
    train(runner)
    assert names(tmp_path) == ['best_toy_score_epoch_4.pth', 'epoch_4.pth']


def die_before_removing(work_dir, name):
    removed = AtomicCheckpointHook._remove_replaced

    def fail(hook):
        if name in hook._replaced:
            raise Died
        removed(hook)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AtomicCheckpointHook, '_remove_replaced', fail)
        train(build(work_dir)[0], dies=True)


def test_kill_before_removing_is_cleaned_up_on_resume(tmp_path):
    die_before_removing(tmp_path, 'epoch_2.pth')
    assert {'epoch_2.pth', 'epoch_3.pth'} < set(names(tmp_path))
    # Ends at once, with nothing to write.
    runner, metric = build(tmp_path, resume=True, epochs=3)
    train(runner)
    assert metric.asked == [3]
    assert names(tmp_path) == ['best_toy_score_epoch_2.pth', 'epoch_3.pth']


def test_kill_keeps_the_old_best_checkpoint(tmp_path):
    die_before_removing(tmp_path, 'best_toy_score_epoch_1.pth')
    both = ['best_toy_score_epoch_1.pth', 'best_toy_score_epoch_2.pth']
    assert names(tmp_path) == [*both, 'epoch_2.pth']
    runner, metric = build(tmp_path, resume=True, epochs=2)
    train(runner)
    # The second checkpoint of epoch 2 says that it is validated.
    assert metric.asked == []
    assert names(tmp_path) == [both[1], 'epoch_2.pth']


@pytest.mark.parametrize('epoch', [2, 3, 4])
def test_missed_validation_is_run_on_resume(tmp_path, epoch):
    whole, _ = build(tmp_path / 'whole')
    train(whole)
    runner, metric = build(tmp_path / 'killed')
    metric.dies_at = epoch
    train(runner, dies=True)
    resumed, metric = build(tmp_path / 'killed', resume=True)
    train(resumed)
    assert metric.asked == list(range(epoch, 5))
    assert names(tmp_path / 'killed') == names(tmp_path / 'whole')
    for name in names(tmp_path / 'whole'):
        left, right = (
            load(tmp_path / run, name) for run in ('whole', 'killed')
        )
        assert torch.equal(
            left['state_dict']['weight'], right['state_dict']['weight']
        )
        for key in ('best_score', 'best_ckpt'):
            values = [
                str(checkpoint['message_hub']['runtime_info'][key])
                for checkpoint in (left, right)
            ]
            assert values[0].replace('whole', 'killed') == values[1]
    histories = [
        run.message_hub.get_scalar('val/toy/score').data[0].tolist()
        for run in (whole, resumed)
    ]
    assert histories[0] == histories[1] == [3, 5, 4, 6]


# Epoch 3 brought no new best: no checkpoint tells that it was validated.
@pytest.mark.parametrize('epoch', [2, 3])
def test_validation_noted_in_the_checkpoint_is_not_repeated(tmp_path, epoch):
    runner, _ = build(tmp_path)
    train_until(runner, epoch=epoch)
    resumed, metric = build(tmp_path, resume=True)
    train(resumed)
    assert metric.asked == [3, 4]


def test_no_validation_is_missed_between_intervals(tmp_path):
    runner, _ = build(tmp_path)
    runner._train_loop['val_interval'] = 4
    train_until(runner, epoch=2)
    resumed, metric = build(tmp_path, resume=True)
    resumed._train_loop['val_interval'] = 4
    train(resumed)
    assert metric.asked == [4]


def test_missed_validation_with_iterations_as_unit(tmp_path):
    def build_by_iteration(**changes):
        runner, metric = build(tmp_path, by_epoch=False, **changes)
        runner._train_loop = {
            'by_epoch': False,
            'max_iters': 4,
            'val_interval': 2,
        }
        metric.scores = [1] * 5
        return runner, metric

    runner, metric = build_by_iteration()
    metric.dies_at = 0
    train(runner, dies=True)
    assert names(tmp_path) == ['iter_2.pth']
    resumed, metric = build_by_iteration(resume=True)
    train(resumed)
    assert metric.asked == [0, 0]
    assert names(tmp_path) == ['best_toy_score_iter_2.pth', 'iter_4.pth']


def test_files_of_another_folder_are_kept(tmp_path):
    first, second = tmp_path / 'first', tmp_path / 'second'
    train(build(first, epochs=2)[0])
    before = names(first)
    assert before == ['best_toy_score_epoch_2.pth', 'epoch_2.pth']
    runner, _ = build(second, resume=str(first / 'epoch_2.pth'))
    train(runner)
    assert names(first) == before
    assert names(second) == ['best_toy_score_epoch_4.pth', 'epoch_4.pth']


def test_leftovers_are_removed_on_resume(tmp_path):
    train(build(tmp_path, epochs=1)[0])
    folder = tmp_path / 'hcm' / 'round_1'
    left = []
    for path in (tmp_path / 'epoch_2.pth', folder / 'hard_chips.jsonl'):
        with atomic_write(path):
            left += path.parent.glob(f'.{path.name}.*')
    # As a process leaves them that is killed: its locks go with it.
    for path in left:
        path.write_bytes(b'a part')
    assert len(left) == 2
    train(build(tmp_path, resume=True, epochs=1)[0])
    assert not [path for path in left if path.exists()]


@pytest.mark.parametrize(('counts', 'warns'), [(1, 0), (2, 0), (3, 1)])
def test_checkpoints_between_two_steps_are_a_warning(
    tmp_path, counts, warns, monkeypatch
):
    runner, _ = build(tmp_path, epochs=1)
    runner.optim_wrapper['accumulative_counts'] = counts
    said = []
    monkeypatch.setattr(runner.logger, 'warning', said.append)
    train(runner)
    assert sum('accumulative_counts=3' in text for text in said) == warns


@pytest.fixture
def backend():
    return get_file_backend(backend_args={'backend': ATOMIC})


def test_bytes_and_texts(backend, tmp_path):
    backend.put(b'\0\1', tmp_path / 'new' / 'a')
    backend.put_text('ä', str(tmp_path / 'b'))
    assert (tmp_path / 'new' / 'a').read_bytes() == b'\0\1'
    assert backend.get_text(tmp_path / 'b') == 'ä'
