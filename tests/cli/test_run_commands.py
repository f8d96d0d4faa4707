"""Train, test, submit, evaluate and validate, by their command lines."""

import json
import os
import platform
import re
import shutil
import signal
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import mmengine
import pytest
import torch

from mmhcm.cli import evaluate, submit, test, train, validate_submission
from mmhcm.engine.launching import load_config, only_run_in
from tests.support.tiny_run import write_tiny_run


@pytest.fixture(scope='module')
def trained(call, tmp_path_factory):
    """A config and a checkpoint that finds a few objects."""
    config = write_tiny_run(tmp_path_factory.mktemp('commands'))
    work_dir = config.parent / 'work'
    status = call(
        train,
        config,
        '--work-dir',
        work_dir,
        options={
            'log_level': 'WARNING',
            'train_dataloader.sampler.num_samples': 80,
            'param_scheduler.0.end': 10,
            'train_cfg.val_interval': 1,
        },
    )
    assert status == 0
    content = torch.load(work_dir / 'epoch_2.pth', weights_only=True)
    content['state_dict']['backbone.conv1.weight'][0] = float('nan')
    torch.save(content, work_dir / 'nan.pth')
    return SimpleNamespace(
        config=config,
        work_dir=work_dir,
        checkpoint=work_dir / 'epoch_2.pth',
        data_root=config.parent / 'data' / 'VisDrone2019-DET-val',
    )


def test_train_writes_config_checkpoints_and_rounds(trained):
    names = {path.name for path in trained.work_dir.iterdir()}
    assert {'tiny.py', 'epoch_1.pth', 'epoch_2.pth', 'hcm'} <= names
    assert any(name.startswith('best_visdrone_AP') for name in names)


# Slices that are smaller than the images of the tiny run.
SLICES = {
    'slice_model.slices.0.window': 48,
    'slice_model.slices.0.scale_factor': 1.0,
}


@pytest.mark.parametrize(
    ('mode', 'options'),
    [((), {}), (('--tta',), {}), (('--slices',), SLICES)],
    ids=['one', 'many', 'slices'],
)
def test_zip_has_the_scores_of_the_test(
    call, trained, mode, options, tmp_path, capsys
):
    # No training data are needed.
    options = {**options, 'train_dataloader.dataset.dataset.data_root': 'no'}
    work = '--work-dir', tmp_path
    both = trained.config, trained.checkpoint, *work, *mode
    assert call(test, *both, options=options) == 0
    printed = capsys.readouterr().out
    (log,) = tmp_path.glob('*/*.json')
    logged = json.loads(log.read_text())

    zip_path = tmp_path / 'out' / 'submission.zip'
    assert call(submit, *both, '--out', zip_path, options=options) == 0
    assert f'{zip_path}: good, 2 result files' in capsys.readouterr().out

    where = zip_path, '--data-root', trained.data_root
    figures_path = tmp_path / 'figures.json'
    assert call(evaluate, *where, '--out', figures_path) == 0
    table = capsys.readouterr().out.strip()
    assert table in printed
    figures = json.loads(figures_path.read_text())
    assert {
        **{f'visdrone/{k}': v for k, v in figures['official'].items()},
        **{
            f'visdrone/class_mean_{k}': v
            for k, v in figures['class_mean'].items()
        },
        'visdrone/mAP': figures['official']['AP'],
    } == {k: v for k, v in logged.items() if k.startswith('visdrone/')}
    assert figures['official']['AR500'] > 0
    assert call(validate_submission, *where) == 0


def test_submit_without_annotations(call, trained, tmp_path, capsys):
    root = tmp_path / 'challenge'
    shutil.copytree(trained.data_root / 'images', root / 'images')
    zip_path = tmp_path / 'challenge.zip'
    both = trained.config, trained.checkpoint, '--work-dir', tmp_path / 'work'
    options = '--data-root', root, '--out', zip_path
    assert call(submit, *both, *options) == 0
    assert call(validate_submission, zip_path, '--data-root', root) == 0


def test_submit_names_the_faults_of_its_zip(
    call, trained, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(
        'mmhcm.engine.launching.image_sizes',
        lambda _: {'absent': (9, 9), 'val_0': (9, 9)},
    )
    zip_path = tmp_path / 'submission.zip'
    both = trained.config, trained.checkpoint, '--work-dir', tmp_path / 'work'
    assert call(submit, *both, '--out', zip_path) == 1
    faults = capsys.readouterr().err
    assert 'absent.txt' in faults
    assert 'val_1.txt' in faults


def test_data_root_moves_every_path(trained, tmp_path):
    root = tmp_path / 'elsewhere'
    config = shutil.copy(trained.config, tmp_path / 'tiny.py')
    options = f'data_root={root}', f'cache_dir={tmp_path}'
    args = train.parse_args([str(config), '--cfg-options', *options])
    cfg = load_config(args)
    text = repr(cfg._cfg_dict.to_dict())
    assert str(trained.config.parent) not in text
    assert text.count(f'{root}/VisDrone2019-DET-') >= 3


@pytest.mark.parametrize(
    ('flags', 'scale', 'rate', 'text'),
    [
        ([], {'enable': True, 'base_batch_size': 16}, 0.00125, 'scaled to 2'),
        (
            ['--no-auto-scale-lr'],
            {'enable': True, 'base_batch_size': 16},
            0.01,
            'used for 2; --auto-scale-lr',
        ),
        (['--auto-scale-lr'], {'base_batch_size': 4}, 0.005, 'scaled to 2'),
        ([], {}, 0.01, None),
    ],
    ids=['config', 'off', 'on', 'none'],
)
def test_rates_are_scaled_to_the_batch(
    call, trained, tmp_path, capsys, flags, scale, rate, text
):
    options = {f'auto_scale_lr.{key}': value for key, value in scale.items()}
    options |= {'default_hooks.mining.epochs': '[]', 'train_cfg.val_begin': 9}
    options |= {'train_cfg.max_epochs': 1, 'param_scheduler': '[]'}
    options['default_hooks.checkpoint.save_best'] = 'None'
    work = '--work-dir', tmp_path
    assert call(train, trained.config, *work, *flags, options=options) == 0
    content = torch.load(tmp_path / 'epoch_1.pth', weights_only=True)
    (group,) = content['optimizer']['param_groups']
    assert group['lr'] == pytest.approx(rate)
    printed = capsys.readouterr().out
    lines = [row for row in printed.splitlines() if 'learning rate' in row]
    assert len(lines) == (text is not None)
    if text is not None:
        assert text in lines[0]
    # The rest is in the log file.
    assert 'System environment' not in printed
    assert 'Config:' not in printed
    assert 'Hooks will be executed' not in printed
    (log,) = tmp_path.glob('*/*.log')
    logged = log.read_text()
    assert f'log and config: {log}' in printed
    assert 'Config:' in logged
    assert 'System environment' in logged


def test_detections_are_dumped_and_drawn(call, trained, tmp_path):
    out = tmp_path / 'found' / 'a.pkl'
    both = trained.config, trained.checkpoint, '--work-dir', tmp_path
    options = {**SLICES, 'default_hooks.visualization.score_thr': 0.05}
    more = '--slices', '--out', out, '--show-dir', 'drawn'
    assert call(test, *both, *more, options=options) == 0
    dumped = mmengine.load(out)
    stems = [Path(item['img_path']).stem for item in dumped]
    assert stems == ['val_0', 'val_1']
    for item in dumped:
        assert item['pred_instances'].keys() == {'bboxes', 'scores', 'labels'}
        assert item['pred_instances']['bboxes'].shape[1] == 4
    drawn = tmp_path.glob('*/drawn/*')
    assert {path.stem for path in drawn} == {'val_0', 'val_1'}


@pytest.mark.parametrize(
    ('words', 'options', 'message'),
    [
        ('{config}', {}, 'tiny.py is not a checkpoint that can be loaded'),
        (
            '{work_dir}/nan.pth',
            {},
            'nan.pth holds weights that are NaN or infinite, first backbone',
        ),
        (
            '{checkpoint}',
            {'data_root': '/absent'},
            'no folder of images at /absent/VisDrone2019-DET-val/images',
        ),
        (
            '{checkpoint}',
            {'test_dataloader.dataset.type': 'NoSuchSet'},
            'NoSuchSet is not in the mmdet::dataset registry',
        ),
        ('{checkpoint}', {'tta_pipeline.9.type': 'A'}, '--cfg-options: '),
        ('{checkpoint} --out a.json', {}, '--out must end in .pkl or .pickle'),
    ],
)
def test_a_mistake_is_one_line(
    call, trained, words, options, message, tmp_path, capsys
):
    words = words.format(**vars(trained)).split()
    work = '--work-dir', tmp_path / 'work'
    capsys.readouterr()
    assert call(test, trained.config, *words, *work, options=options) == 1
    lines = capsys.readouterr().err.strip().splitlines()
    (error,) = [line for line in lines if line.startswith('error: ')]
    assert lines[-1] == error
    assert message in error
    assert not any('Traceback' in line for line in lines)


def test_a_mistake_in_training_is_one_line(call, trained, tmp_path, capsys):
    options = {'train_dataloader.dataset.dataset.data_root': '/absent'}
    work = '--work-dir', tmp_path / 'work'
    assert call(train, trained.config, *work, options=options) == 1
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error == 'error: no folder of images at /absent/images'
    # The log says where it came from.
    (log,) = tmp_path.glob('work/*/*.log')
    assert 'Traceback' in log.read_text()


@pytest.mark.parametrize('resume', [(), ('--resume',)])
def test_a_folder_of_another_run_is_left_alone(
    call, trained, resume, tmp_path, capsys
):
    work_dir = tmp_path / 'work'
    with only_run_in(work_dir):
        assert call(train, trained.config, '--work-dir', work_dir, *resume)
        assert [path.name for path in work_dir.iterdir()] == ['.run.lock']
    error = capsys.readouterr().err
    holder = f'process {os.getpid()} on {platform.node()}'
    line = f'error: another run is writing into {work_dir} ({holder})\n'
    assert error == line


@pytest.mark.usefixtures('stops')
def test_a_stop_while_a_checkpoint_is_saved(
    call, trained, tmp_path, capsys, monkeypatch
):
    """Torch's writer fails a second time, since its archive has no end."""
    save, saved = torch.save, []

    class StoppedFile(BytesIO):
        def write(self, content):
            if len(saved) == 2 and self.tell():
                signal.raise_signal(signal.SIGINT)
            return super().write(content)

    def save_through(content, file, *args, **kwargs):
        saved.append(file)
        through = StoppedFile()
        save(content, through, *args, **kwargs)
        file.write(through.getvalue())

    work_dir = tmp_path / 'work'
    args = trained.config, '--work-dir', work_dir
    options = {
        'default_hooks.mining.epochs': '[]',
        'train_cfg.val_begin': 9,
        'default_hooks.checkpoint.save_best': 'None',
    }
    with monkeypatch.context() as patch:
        patch.setattr(torch, 'save', save_through)
        capsys.readouterr()
        assert call(train, *args, options=options) == 130
    error = capsys.readouterr().err
    assert re.search(r'(^|\n)stopped; --resume goes on from .*\n$', error)
    assert 'Traceback' not in error
    (log,) = work_dir.glob('*/*.log')
    # A KeyboardInterrupt by itself would not show the second error.
    assert 'RuntimeError' in log.read_text()
    assert not (work_dir / 'epoch_2.pth').exists()
    assert call(train, *args, '--resume', options=options) == 0
    assert (work_dir / 'epoch_2.pth').is_file()


def test_submit_needs_a_zip_and_a_metric(call, trained, tmp_path, capsys):
    both = trained.config, trained.checkpoint, '--work-dir', tmp_path
    assert call(submit, *both, '--out', tmp_path / 'out.txt') == 1
    assert 'must end in .zip' in capsys.readouterr().err
    options = {'test_evaluator.type': 'CocoMetric'}
    assert call(submit, *both, options=options) == 1
    assert 'has no VisDroneMetric' in capsys.readouterr().err
