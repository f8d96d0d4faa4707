"""Checkpoints run nothing, and MMDetection's own can be fine-tuned from."""

import logging
import sys

import pytest
import torch
from mmengine.logging import HistoryBuffer

from mmhcm.cli import convert_checkpoint, submit, test, train
from tests.support.programs import Program
from tests.support.tiny_run import (
    build_tiny_runner,
    state_of,
    tiny_config,
    unique_names,
    write_tiny_run,
)


@pytest.fixture(scope='module')
def config(tmp_path_factory):
    return write_tiny_run(tmp_path_factory.mktemp('untrusted'))


@pytest.fixture
def made(tmp_path):
    return tmp_path / 'made'


@pytest.fixture
def evil(tmp_path, made):
    path = tmp_path / 'evil.pth'
    torch.save({'meta': Program(made), 'state_dict': {}}, path)
    return path


@pytest.fixture
def call(monkeypatch, tmp_path):
    """Run a command in this process and give its exit status."""

    def run(tool, *args):
        monkeypatch.setattr(sys, 'argv', [tool.__name__, *map(str, args)])
        return tool.main()

    return run


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
def test_program_in_checkpoint_is_refused(
    call, config, evil, made, tmp_path, capsys, monkeypatch, way
):
    monkeypatch.setattr(
        'mmengine.config.config.FormatCode', lambda text, **_: (text, True)
    )
    options = {**unique_names(), 'log_level': 'WARNING'}
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
    pairs = [f'{key}={value}' for key, value in options.items()]
    work = '--work-dir', tmp_path / 'work', '--cfg-options', *pairs
    status = call(tool, config, *args, *work)
    printed = capsys.readouterr().err
    assert status == 1
    assert not made.exists()
    (line,) = [row for row in printed.splitlines() if row[:6] == 'error:']
    assert str(evil) in line
    assert 'mmhcm convert_checkpoint' in line
    assert 'Traceback' not in printed


def test_convert_checkpoint_asks_for_trust(call, evil, made, tmp_path, capsys):
    out = tmp_path / 'plain.pth'
    assert call(convert_checkpoint, evil, out) == 1
    printed = capsys.readouterr().err
    assert printed.startswith(f'error: {evil} is not converted')
    assert '--trust' in printed
    assert not made.exists()
    assert not out.exists()
    # Trusted, it runs what it holds; this one holds no weights.
    assert call(convert_checkpoint, evil, out, '--trust') == 1
    printed = capsys.readouterr()
    assert 'may run programs' in printed.out
    assert 'holds no weights' in printed.err
    assert made.exists()


def test_fine_tuning_from_coco_weights(call, config, tmp_path, capsys, caplog):
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
    source, out = tmp_path / 'coco.pth', tmp_path / 'plain.pth'
    torch.save(
        {
            'meta': {'epoch': 12, 'dataset_meta': {'classes': ('a',) * 80}},
            'state_dict': weights,
            'message_hub': {'log_scalars': {'train/loss': buffer}},
        },
        source,
    )
    assert call(convert_checkpoint, source, out, '--trust') == 0
    assert '80 classes, epoch 12; left out: ' in capsys.readouterr().out

    options = {'load_from': str(out)}
    runner = build_tiny_runner(tiny_config(config, tmp_path / 'w', options))
    initial = state_of(runner)
    runner.logger.addHandler(caplog.handler)
    with caplog.at_level(logging.WARNING):
        runner.load_or_resume()
    lines = [r.message for r in caplog.records if str(out) in r.message]
    assert lines == [
        f'{out}: {len(initial) - 4} of {len(initial)} weights taken; 4 of '
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
