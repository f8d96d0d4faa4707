"""Checkpoints run nothing, and MMDetection's own are taken as they are."""

import logging

import pytest
import torch
from mmengine.logging import HistoryBuffer

from mmhcm.cli import submit, test, train
from tests.support.programs import Program
from tests.support.tiny_run import (
    build_tiny_runner,
    state_of,
    tiny_config,
    write_tiny_run,
)


@pytest.fixture(scope='module')
def config(tmp_path_factory):
    return write_tiny_run(tmp_path_factory.mktemp('untrusted'))


@pytest.fixture
def made(tmp_path):
    return tmp_path / 'made'


@pytest.fixture
def evil(config, tmp_path, made):
    """Weights of the tiny run, next to a program."""
    runner = build_tiny_runner(tiny_config(config, tmp_path / 'first'))
    path = tmp_path / 'evil.pth'
    content = {
        'meta': {'epoch': 0, 'iter': 0, 'x': Program(made)},
        'state_dict': state_of(runner),
        'message_hub': {
            'log_scalars': {'loss': HistoryBuffer()},
            'runtime_info': {},
            'resumed_keys': {},
        },
    }
    torch.save(content, path)
    return path


@pytest.mark.parametrize(
    'way',
    [
        'train',
        'test',
        *(
            pytest.param(way, marks=pytest.mark.nightly)
            for way in ('resume', 'submit', 'initial')
        ),
    ],
)
def test_program_in_checkpoint_is_not_run(
    call, config, evil, made, tmp_path, way
):
    options = {'log_level': 'WARNING', 'train_cfg.val_begin': 9}
    options['default_hooks.mining.epochs'] = '[]'
    if way == 'train':
        options['load_from'] = evil
    if way == 'initial':
        options['model.init_cfg.type'] = 'Pretrained'
        options['model.init_cfg.checkpoint'] = evil
    tool, *args = {
        'train': (train,),
        'initial': (train,),
        'resume': (train, '--resume', evil),
        'test': (test, evil),
        'submit': (submit, evil, '--out', tmp_path / 's.zip'),
    }[way]
    work = '--work-dir', tmp_path / 'work'
    assert call(tool, config, *args, *work, options=options) == 0
    assert not made.exists()
    # ... while the unsafe loader does run it
    torch.load(evil, weights_only=False)
    assert made.exists()


def test_fine_tuning_from_coco_weights(config, tmp_path, caplog):
    """A checkpoint as MMDetection publishes them, with its 80 classes."""
    cfg = tiny_config(config, tmp_path / 'first')
    model = build_tiny_runner(cfg).model
    generator = torch.Generator().manual_seed(3)
    weights = {
        name: torch.rand(value.shape, generator=generator)
        if value.is_floating_point()
        else value
        for name, value in model.state_dict().items()
    }
    head = 'roi_head.bbox_head.'
    for name, rows in (('fc_cls', 81), ('fc_reg', 320)):
        for kind in ('weight', 'bias'):
            shape = weights[f'{head}{name}.{kind}'].shape[1:]
            weights[f'{head}{name}.{kind}'] = torch.ones(rows, *shape)
    buffer = HistoryBuffer()
    buffer.update(1.5)
    source = tmp_path / 'coco.pth'
    torch.save(
        {
            'meta': {'epoch': 12, 'dataset_meta': {'classes': ('a',) * 80}},
            'state_dict': weights,
            'message_hub': {'log_scalars': {'train/loss': buffer}},
        },
        source,
    )
    options = {'load_from': str(source)}
    runner = build_tiny_runner(tiny_config(config, tmp_path / 'w', options))
    initial = state_of(runner)
    runner.logger.addHandler(caplog.handler)
    with caplog.at_level(logging.WARNING):
        runner.load_or_resume()
    lines = [r.message for r in caplog.records if str(source) in r.message]
    assert lines == [
        f'{source}: {len(initial) - 4} of {len(initial)} weights taken; 4 of '
        'another shape left as initialised ('
        f'{head}fc_cls.weight (81, 32), not (11, 32); '
        f'{head}fc_cls.bias (81,), not (11,); '
        f'{head}fc_reg.weight (320, 32), not (40, 32); '
        f'{head}fc_reg.bias (320,), not (40,))'
    ]
    for name, value in state_of(runner).items():
        expected = initial if 'head.fc_' in name else weights
        assert torch.equal(value, expected[name]), name


def test_weights_of_another_model_stop_training(config, tmp_path):
    path = tmp_path / 'other.pth'
    torch.save({'state_dict': {'x': torch.ones(2)}}, path)
    cfg = tiny_config(config, tmp_path / 'work', {'load_from': str(path)})
    runner = build_tiny_runner(cfg)
    with pytest.raises(ValueError, match='none of the 1 weights'):
        runner.load_or_resume()
