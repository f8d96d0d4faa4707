import json

import pytest

from mmhcm.cli import plot
from tests.apis.plots.test_result_figures import write_split
from tests.support.tiny_visdrone import write_tiny_visdrone


def run(*args):
    return plot.main([*map(str, args)])


@pytest.fixture(scope='module')
def split(tmp_path_factory):
    return write_split(tmp_path_factory.mktemp('split'))


@pytest.fixture(scope='module')
def config(tmp_path_factory):
    return write_tiny_visdrone(tmp_path_factory.mktemp('tiny'), 3)


@pytest.mark.parametrize('kind', ['errors', 'ap'])
def test_several_results(split, kind, tmp_path, capsys):
    results = split / 'all.zip', split / 'half.zip'
    args = '--names', 'before', 'after', '--data-root', split
    formats = 'pdf', 'svg', 'png', 'json'
    out = '--out', tmp_path, '--format', *formats
    assert run(kind, *results, *args, *out) == 0
    assert {path.name for path in tmp_path.iterdir()} == {
        f'{kind}.{name}' for name in formats
    }
    numbers = json.loads((tmp_path / f'{kind}.json').read_text())
    assert list(numbers['results']) == ['before', 'after']
    printed = capsys.readouterr().out
    assert 'before' in printed
    assert f'wrote {tmp_path / kind}.pdf' in printed


@pytest.mark.parametrize('kind', ['confusion', 'detections'])
def test_one_result(split, kind, tmp_path):
    args = split / 'all.zip', '--data-root', split, '--width', 'single'
    out = tmp_path / 'a.svg'
    assert run(kind, *args, '--out', out, '--score-thr', 0.5) == 0
    assert [path.name for path in tmp_path.iterdir()] == ['a.svg']


@pytest.mark.parametrize('kind', ['canvases', 'counts', 'sizes', 'masking'])
def test_a_config(config, kind, tmp_path, capsys):
    # without --work-dir the pool would go below the working directory
    args = config, '--work-dir', tmp_path / 'work', '--out', tmp_path
    assert run(kind, *args, '--dpi', 60) == 0
    assert (tmp_path / f'{kind}.pdf').read_bytes().startswith(b'%PDF')
    png = (tmp_path / f'{kind}.png').read_bytes()
    width = 198 if kind == 'counts' else 414
    assert int.from_bytes(png[16:20], 'big') == width


RESULT = ('SPLIT/all.zip', '--data-root', 'SPLIT')


@pytest.mark.parametrize(
    ('args', 'message'),
    [
        (('errors', 'absent.zip', *RESULT[1:]), 'absent.zip'),
        (('errors', *RESULT, '--names', 'a', 'b'), '1 results need as many'),
        (('errors', *RESULT, '--out', 'x.gif'), 'x.gif: figures are written'),
        (('detections', *RESULT, '--images', 'x'), 'no such image: x'),
        (('masking', 'CONFIG', '--external'), 'has no external images'),
        (
            ('detections', 'CONFIG', '--checkpoint', 'absent.pth'),
            'no checkpoint at absent.pth',
        ),
    ],
)
def test_a_mistake_is_one_line(
    split, config, args, message, capsys, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    filled = [
        arg.replace('SPLIT', str(split)).replace('CONFIG', str(config))
        for arg in args
    ]
    assert run(*filled) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith('error: ')
    assert message in error
    assert list(tmp_path.iterdir()) == []


def test_help_lists_the_kinds(capsys):
    with pytest.raises(SystemExit):
        run('--help')
    printed = capsys.readouterr().out
    assert [kind for kind in plot.KINDS if kind not in printed] == []
