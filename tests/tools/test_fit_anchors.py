import sys

import pytest

from tests.support.tiny_visdrone import write_tiny_visdrone
from tools import analyze, fit_anchors


def run(tool, monkeypatch, *args):
    monkeypatch.setattr(sys, 'argv', ['tool', *map(str, args)])
    return tool.main()


@pytest.fixture
def config(tmp_path):
    return write_tiny_visdrone(tmp_path)


def test_fit_anchors(config, monkeypatch, capsys):
    annotations = config.parent / 'train'
    options = '--annotations', annotations, '--propose-scales', 2
    assert run(fit_anchors, monkeypatch, config, *options) == 0
    out = capsys.readouterr().out
    assert 'anchor_generator=dict(' in out
    assert 'scales = [' in out


def test_analyze(config, monkeypatch, capsys):
    out_path = config.parent / 'figures.json'
    options = '--canvases', 2, '--out', out_path
    assert run(analyze, monkeypatch, config, *options) == 0
    assert 'most / least' in capsys.readouterr().out
    assert out_path.is_file()


@pytest.mark.parametrize('tool', [analyze, fit_anchors])
def test_a_mistake_is_one_line(tool, config, monkeypatch, capsys):
    options = '--annotations', config.parent / 'absent'
    assert run(tool, monkeypatch, config, *options) == 1
    error = capsys.readouterr().err
    assert error.startswith('no annotations at')
    assert error.count('\n') == 1
