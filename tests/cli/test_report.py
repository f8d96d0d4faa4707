import re
from pathlib import Path

import pytest
from mmengine.config import Config

from mmhcm.apis.data import rendering_canvases
from mmhcm.cli import report
from mmhcm.structures.rounds import (
    ErrorBox,
    HardChipRound,
    MinedCanvas,
    write_round,
)
from tests.support.html_page import read_page
from tests.support.tiny_visdrone import write_tiny_visdrone


@pytest.fixture(scope='module')
def config(tmp_path_factory):
    return write_tiny_visdrone(tmp_path_factory.mktemp('report'), 3)


def mine(config, work_dir, *numbers):
    """Write rounds without a detector."""
    cfg = Config.fromfile(config)
    cfg.work_dir = str(work_dir)
    canvases = rendering_canvases(cfg)
    recipe = canvases.get_data_info(0)['canvas']
    for number in numbers:
        canvas = MinedCanvas(
            **{
                **vars(recipe),
                'windows': [(0, 0, 64, 64)],
                'scale_inds': [0],
                'errors': [
                    ErrorBox((10, 10, 22, 22), 'background', 3, -1, 0.75)
                ],
            }
        )
        write_round(
            Path(work_dir, 'hcm', f'round_{number}', 'hard_chips.jsonl'),
            HardChipRound(number, f'{number}' * 64, [canvas]),
        )


@pytest.fixture
def run(config):
    def run_with(*args):
        return report.main([str(config), *map(str, args)])

    return run_with


def test_report(run, config, tmp_path, capsys):
    mine(config, tmp_path, 1, 2)
    assert run(tmp_path, '--num-examples', 5) == 0
    path = tmp_path / 'hcm' / 'round_2' / 'report.html'
    assert f'wrote {path} (0.' in capsys.readouterr().out
    page, _ = read_page(path.read_text())
    assert page.one('h1').text == 'Mining round 2'
    assert len(page.one('section', id='examples').all('figure')) == 1
    assert 'round 1' in page.one('section', id='changes').text
    assert str(config) in page.one('header').text
    first = tmp_path / 'hcm' / 'round_1' / 'report.html'
    assert not first.exists()
    assert run(tmp_path, '--round', 1, '--num-canvases', 0) == 0
    page, _ = read_page(first.read_text())
    assert page.one('section', id='pasted').all('img') == []


def test_damaged_earlier_round_is_reported(run, config, tmp_path):
    mine(config, tmp_path, 1, 2)
    (tmp_path / 'hcm' / 'round_1' / 'hard_chips.jsonl').write_text('{}\n')
    assert run(tmp_path) == 0
    path = tmp_path / 'hcm' / 'round_2' / 'report.html'
    changes = read_page(path.read_text())[0].one('section', id='changes')
    assert 'cannot be compared' in changes.text
    assert 'not a file of hard chips' in changes.text


@pytest.mark.parametrize(
    ('args', 'fault'),
    [
        ((), 'no mined round in'),
        (('--round', '3'), 'no round 3 in .*, only 1'),
        (('--num-examples', '-2'), 'num_examples must be 0 or more'),
    ],
)
def test_a_mistake_is_one_line(run, config, tmp_path, capsys, args, fault):
    if args:
        mine(config, tmp_path, 1)
    capsys.readouterr()
    assert run(tmp_path, *args) == 1
    error = capsys.readouterr().err
    assert error.startswith('error: ')
    assert error.count('\n') == 1
    assert re.search(fault, error)
