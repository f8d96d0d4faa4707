from argparse import ArgumentParser

import pytest
from mmengine.config import Config

from mmhcm.cli.arguments import add_mode_arguments
from mmhcm.engine.launching import innermost_dataset, use_mode
from mmhcm.engine.launching.testing import use_focus, use_slices, use_tta


def test_use_tta():
    cfg = Config(
        {
            'model': {'type': 'Detector'},
            'tta_model': {'type': 'Merge'},
            'tta_pipeline': ['many'],
            'test_dataloader': {
                'batch_size': 4,
                'dataset': {'dataset': {'pipeline': ['one']}},
            },
        }
    )
    use_tta(cfg)
    assert cfg.model.type == 'Merge'
    assert cfg.model.module == {'type': 'Detector'}
    assert cfg.test_dataloader.batch_size == 1
    dataset = innermost_dataset(cfg.test_dataloader.dataset)
    assert dataset.pipeline == ['many']


def test_tta_needs_a_model_and_a_pipeline():
    with pytest.raises(
        ValueError, match='has no tta_model and no tta_pipeline'
    ):
        use_tta(Config({'model': {}}))


@pytest.mark.parametrize(
    ('use_mode', 'name'), [(use_slices, 'slice'), (use_focus, 'focus')]
)
def test_test_mode_replaces_model_and_loader(use_mode, name):
    cfg = Config(
        {
            'model': {'type': 'Detector'},
            f'{name}_model': {'type': 'Cut'},
            f'{name}_pipeline': ['whole'],
            f'{name}_dataloader': {'num_workers': 0},
            'test_dataloader': {
                'batch_size': 4,
                'num_workers': 2,
                'dataset': {'pipeline': ['one']},
            },
        }
    )
    use_mode(cfg)
    assert cfg.model == {'type': 'Cut', 'module': {'type': 'Detector'}}
    assert cfg.test_dataloader == {
        'batch_size': 1,
        'num_workers': 0,
        'dataset': {'pipeline': ['whole']},
    }
    with pytest.raises(
        ValueError, match=rf'no {name}_model .* --{name}s? needs'
    ):
        use_mode(Config({'model': {}}))


def test_modes_exclude_each_other(capsys):
    parser = ArgumentParser()
    add_mode_arguments(parser)
    with pytest.raises(SystemExit):
        parser.parse_args(['--tta', '--slices'])
    assert 'not allowed with' in capsys.readouterr().err
    cfg = Config({'model': {}})
    use_mode(cfg, parser.parse_args([]))
    assert cfg.model == {}
    for flag in ('--tta', '--slices', '--focus'):
        with pytest.raises(ValueError, match=f'{flag} needs'):
            use_mode(cfg, parser.parse_args([flag]))
