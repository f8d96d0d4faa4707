import argparse

import pytest
from mmengine.config import Config

from mmhcm.engine.launching import ConfigAction
from mmhcm.engine.launching.options import check_options


def parse(*texts):
    parser = argparse.ArgumentParser()
    parser.add_argument('--cfg-options', nargs='+', action=ConfigAction)
    return parser.parse_args(['--cfg-options', *texts]).cfg_options


VALUES = {
    'data_root=/my sets/a': '/my sets/a',
    'data_root=/a, b/c': '/a, b/c',
    'data_root=a, b': 'a, b',
    'a.data_root=my sets': 'my sets',
    "data_root='/my sets/a'": '/my sets/a',
    'load_from=https://a.b/c,d.pth': 'https://a.b/c,d.pth',
    'a.b=/x (1/y': '/x (1/y',
    'a.b=a text': 'a text',
    'a.b="one, two"': 'one, two',
    'a=1': 1,
    'a=1e-3': 0.001,
    'a=True': True,
    'a=None': None,
    'data_root=None': None,
    'a="None"': None,
    'a=1,2,3': [1, 2, 3],
    'a=[1,2]': [1, 2],
    'a=(1,2)': (1, 2),
    "a=['x y','z']": ['x y', 'z'],
    'a=[x,y]': ['x', 'y'],
    'a=[(1,2),[3]]': [(1, 2), [3]],
    'a=[]': [],
    'a=b=c': 'b=c',
    'a=': '',
}


@pytest.mark.parametrize('text', VALUES)
def test_values(text):
    (value,) = parse(text).values()
    assert value == VALUES[text]
    assert type(value) is type(VALUES[text])


def test_later_options_win():
    assert parse('a=1', 'b=2', 'a=3') == {'a': 3, 'b': 2}


@pytest.mark.parametrize('text', ['a', '=1', 'a=(1,'])
def test_what_is_no_option(text, capsys):
    with pytest.raises(SystemExit):
        parse(text)
    assert '--cfg-options' in capsys.readouterr().err


CONFIG = {
    'max_epochs': 24,
    'steps': [{'type': 'A'}],
    'unused': 5,
    'model': {'type': 'B', 'unused': 6},
    'train_cfg': {'max_epochs': 24},
    'train_dataloader': {'dataset': {'pipeline': [{'type': 'A'}]}},
    'test_dataloader': {'scales': '${scales}'},
    'data_root': 'data',
}
WRONG = {
    'max_epochs': 'set train_cfg.max_epochs',
    'steps': 'set train_dataloader.dataset.pipeline',
    'steps.0.type': 'set train_dataloader.dataset.pipeline.0.type',
    'custom_hooks.0.epochs': 'custom_hooks is no list',
    'train_cfg.0': 'train_cfg is no list',
    'test_dataloader.scales.1.window': 'set scales.1.window',
}


@pytest.mark.parametrize('key', WRONG)
def test_options_that_reach_nothing(key):
    with pytest.raises(ValueError, match=f'--cfg-options {key}: ') as info:
        check_options(Config(CONFIG), {key: 1}, ['data_root'])
    assert WRONG[key] in str(info.value)


@pytest.mark.parametrize(
    'options',
    [
        {'data_root': 'x'},
        {'unused': 1},
        {'new': 1, 'train_cfg.max_epochs': 3},
        {'max_epochs': 3, 'train_cfg.max_epochs': 3},
        {'train_dataloader.dataset.pipeline.0.type': 'C'},
        {'steps': [], 'train_dataloader.dataset.pipeline': []},
    ],
)
def test_options_that_reach_something(options):
    check_options(Config(CONFIG), options, ['data_root'])
