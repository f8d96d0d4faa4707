import pytest

from mmhcm.cli import analyze, fit_anchors
from tests.support.tiny_visdrone import write_tiny_visdrone


def run(tool, *args):
    return tool.main([*map(str, args)])


@pytest.fixture
def config(tmp_path):
    return write_tiny_visdrone(tmp_path)


def test_fit_anchors(config, capsys):
    annotations = config.parent / 'train'
    options = '--annotations', annotations, '--propose-scales', 2
    assert run(fit_anchors, config, *options) == 0
    out = capsys.readouterr().out
    assert 'anchor_generator=dict(' in out
    assert 'scales = [' in out


def test_analyze(config, capsys):
    out_path = config.parent / 'statistics.json'
    options = '--canvases', 2, '--out', out_path
    assert run(analyze, config, *options) == 0
    assert 'most / least' in capsys.readouterr().out
    assert out_path.is_file()


@pytest.mark.parametrize('tool', [analyze, fit_anchors])
def test_a_mistake_is_one_line(tool, config, capsys):
    options = '--annotations', config.parent / 'absent'
    assert run(tool, config, *options) == 1
    error = capsys.readouterr().err
    assert error.startswith('error: no annotations at')
    assert error.count('\n') == 1
