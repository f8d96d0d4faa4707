from argparse import ArgumentParser

import pytest

from mmhcm.cli.arguments import add_config_arguments
from mmhcm.engine.checks import scales
from mmhcm.engine.launching import load_config


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
