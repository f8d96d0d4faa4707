from argparse import ArgumentParser

import pytest
import torch
from mmengine.config import Config

from mmhcm.cli.arguments import add_config_arguments, add_mode_arguments
from mmhcm.engine.checks import scales
from mmhcm.engine.launching import (
    innermost_dataset,
    join_processes,
    launch,
    load_config,
    use_mode,
)
from mmhcm.engine.launching.launch import (
    move_root,
    set_threads,
    use_focus,
    use_slices,
    use_tta,
)


def parse(*args):
    parser = ArgumentParser()
    add_config_arguments(parser)
    return parser.parse_args([str(arg) for arg in args])


@pytest.fixture
def config(tmp_path):
    path = tmp_path / 'name.py'
    path.write_text(
        "data_root = 'data'\n"
        "other_root = 'database/x'\n"
        "sets = [dict(img='data/train', n=(1, 'data')), dict(img='/data/a')]\n"
        "test_dataloader = dict(dataset=dict(root=data_root + '/val'))\n"
    )
    return path


def test_work_dir_is_named_after_the_config(config):
    assert load_config(parse(config)).work_dir == 'work_dirs/name'
    cfg = load_config(parse(config, '--work-dir', 'here'))
    assert cfg.work_dir == 'here'
    assert cfg.launcher == 'none'


@pytest.mark.parametrize('root', ['/new', '/new/', 'new'])
def test_data_root_replaces_the_parent_folder(config, root):
    cfg = load_config(parse(config, '--cfg-options', f'data_root={root}'))
    new = root.rstrip('/')
    assert cfg.data_root.rstrip('/') == new
    assert cfg.other_root == 'database/x'
    assert cfg.sets[0].img == f'{new}/train'
    assert cfg.sets[0].n == (1, new)
    assert cfg.sets[1].img == '/data/a'
    assert cfg.test_dataloader.dataset.root == f'{new}/val'


def test_an_option_wins_over_the_moved_root(config):
    options = 'data_root=/new', 'test_dataloader.dataset.root=/mine'
    cfg = load_config(parse(config, '--cfg-options', *options))
    assert cfg.test_dataloader.dataset.root == '/mine'


def test_options_change_what_values_refer_to(tmp_path):
    path = tmp_path / 'name.py'
    path.write_text(
        "data_root = 'a'\npart = dict(path='${data_root}/x', n='${size}')\n"
    )
    options = '--cfg-options', 'data_root=b', 'size=3'
    assert load_config(parse(path, *options)).part == dict(path='b/x', n=3)
    with pytest.raises(ValueError, match=r'name.py: part.n = .* no size'):
        load_config(parse(path))


def test_a_config_of_the_package_needs_no_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cfg = load_config(parse('mmhcm::_base_/datasets/visdrone_chips.py'))
    assert cfg.work_dir == 'work_dirs/visdrone_chips'
    with pytest.raises(FileNotFoundError, match=r'mmhcm::absent\.py'):
        load_config(parse('mmhcm::absent.py'))


@pytest.mark.parametrize('key', ['scales', 'train_dataloader.dataset.scales'])
def test_other_scales_in_the_test_are_told(key, monkeypatch):
    told = []
    monkeypatch.setattr(
        scales, 'print_log', lambda line, **_: told.append(line)
    )
    name = 'mmhcm::_base_/datasets/visdrone_chips.py'
    args = parse(name)
    args.cfg_options = {key: [dict(window=64, valid_range=(0, None))]}
    cfg = load_config(args)
    assert cfg.train_dataloader.dataset.scales[0].window == 64
    assert len(told) == (key != 'scales')


def test_move_root_keeps_the_config():
    cfg = Config({'a': 'r/x', 'b': {'c': ['r', 'rr', 3]}})
    assert move_root(cfg, 'r', 's').b.c == ['s', 'rr', 3]
    assert cfg.a == 'r/x'


@pytest.mark.parametrize(
    ('text', 'error', 'message'),
    [
        ('a = (', ValueError, 'SyntaxError'),
        ('a = 1 / 0', ValueError, 'ZeroDivisionError'),
        ("_base_ = 'absent.py'", OSError, 'absent.py'),
        (
            "custom_imports = dict(imports=['no_such_module'])",
            ImportError,
            'no_such_module',
        ),
    ],
)
def test_broken_configs(tmp_path, text, error, message):
    path = tmp_path / 'broken.py'
    path.write_text(f'{text}\n')
    with pytest.raises(error, match=message):
        load_config(parse(path))


def test_no_config():
    with pytest.raises(FileNotFoundError, match=r'no config at absent\.py'):
        load_config(parse('absent.py'))


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


def test_threads():
    before = torch.get_num_threads()
    set_threads(Config({'num_threads': 1}))
    assert torch.get_num_threads() == 1
    set_threads(Config({'num_threads': None}))
    assert torch.get_num_threads() == 1
    torch.set_num_threads(before)


def test_processes_meet_and_watch_each_other(monkeypatch):
    called = []

    def record(name):
        return lambda *args, **kwargs: called.append((name, args, kwargs))

    for name in ('init_dist', 'set_multi_processing', 'watch_ranks'):
        monkeypatch.setattr(launch, name, record(name))
    cfg = Config({'launcher': 'none'})
    join_processes(cfg)
    assert called == []
    # Others than pytorch's launcher run on GPUs alone.
    cfg = Config(
        {
            'launcher': 'slurm',
            'env_cfg': {
                'mp_cfg': {'mp_start_method': 'fork'},
                'dist_cfg': {'backend': 'nccl'},
            },
            'process_group': {'lost_after': 20},
        }
    )
    join_processes(cfg)
    assert called == [
        (
            'set_multi_processing',
            (),
            {'mp_start_method': 'fork', 'distributed': True},
        ),
        ('init_dist', ('slurm',), {'backend': 'nccl', 'timeout': 7200}),
        ('watch_ranks', (20,), {}),
    ]
    # What a config says of the timeout stays.
    cfg.env_cfg.dist_cfg.timeout = 60
    join_processes(cfg)
    assert called[-2][2]['timeout'] == 60
