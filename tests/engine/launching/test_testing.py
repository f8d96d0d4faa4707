from argparse import ArgumentParser

import pytest
from mmengine.config import Config

from mmhcm.cli.arguments import add_mode_arguments
from mmhcm.engine.launching import use_mode
from mmhcm.engine.launching.testing import use_focus, use_slices, use_tta


@pytest.mark.parametrize(
    ('use_mode', 'name', 'flag'),
    [
        (use_tta, 'tta', '--tta'),
        (use_slices, 'slice', '--slices'),
        (use_focus, 'focus', '--focus'),
    ],
)
def test_test_mode_replaces_model_and_loader(use_mode, name, flag):
    cfg = Config(
        {
            'model': {'type': 'Detector'},
            f'{name}_model': {'type': 'Cut'},
            f'{name}_pipeline': ['whole'],
            f'{name}_dataloader': {'num_workers': 0},
            'test_dataloader': {
                'batch_size': 4,
                'num_workers': 2,
                'dataset': {'dataset': {'pipeline': ['one']}},
            },
        }
    )
    use_mode(cfg)
    assert cfg.model == {'type': 'Cut', 'module': {'type': 'Detector'}}
    assert cfg.test_dataloader == {
        'batch_size': 1,
        # Many scales take the workers of the plain test.
        'num_workers': 2 if name == 'tta' else 0,
        'dataset': {'dataset': {'pipeline': ['whole']}},
    }
    match = rf'has no {name}_model and no {name}_pipeline, .* {flag} needs'
    with pytest.raises(ValueError, match=match):
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
