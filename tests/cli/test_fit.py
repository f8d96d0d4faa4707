import pytest

from mmhcm.cli import analyze, fit
from tests.support.tiny_visdrone import write_tiny_visdrone


def run(tool, *args):
    return tool.main([*map(str, args)])


@pytest.fixture
def config(tmp_path):
    return write_tiny_visdrone(tmp_path)


def test_fit(config, capsys):
    annotations = config.parent / 'train'
    options = '--annotations', annotations, '--num-windows', 2
    assert run(fit, config, *options) == 0
    out = capsys.readouterr().out
    assert 'anchor_generator=dict(' in out
    assert 'scales = [' in out
    assert run(fit, config, '--keep-windows') == 0
    assert '\nscales = [' not in capsys.readouterr().out


def test_fit_writes_a_config_to_inherit(config, capsys):
    written = config.parent / 'fitted.py'
    # Its training data have scales of their own.
    assert run(fit, config, '--write', written) == 1
    assert "write scales='${scales}' there" in capsys.readouterr().err
    assert not written.exists()
    text = config.read_text()
    config.write_text(text.replace('scales=scales', "scales='${scales}'"))
    assert run(fit, config, '--write', written) == 0
    assert written.read_text().startswith('# Fitted by `mmhcm fit` to 80 ')
    assert run(fit, config, '--write', written) == 1
    assert '--force replaces it' in capsys.readouterr().err
    assert run(fit, config, '--write', written, '--force') == 0


@pytest.mark.parametrize(
    ('name', 'message'),
    [('tiny.py', 'is the config to inherit'), ('a.txt', 'must end in .py')],
)
def test_fit_refuses_a_target(config, capsys, name, message):
    assert run(fit, config, '--write', config.parent / name, '--force') == 1
    assert message in capsys.readouterr().err


def test_analyze(config, capsys):
    out_path = config.parent / 'statistics.json'
    options = '--canvases', 2, '--out', out_path
    assert run(analyze, config, *options) == 0
    assert 'most / least' in capsys.readouterr().out
    assert out_path.is_file()


@pytest.mark.parametrize('tool', [analyze, fit])
def test_a_mistake_is_one_line(tool, config, capsys):
    options = '--annotations', config.parent / 'absent'
    assert run(tool, config, *options) == 1
    error = capsys.readouterr().err
    assert error.startswith('error: no annotations at')
    assert error.count('\n') == 1
