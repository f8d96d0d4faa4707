import pytest

from mmhcm.cli import browse
from tests.support.tiny_visdrone import write_tiny_visdrone


@pytest.fixture
def run(tmp_path):
    config = write_tiny_visdrone(tmp_path)

    def run_with(*args):
        options = ['--out', str(tmp_path / 'out'), '--num', '2']
        return browse.main([str(config), *options, *map(str, args)])

    return run_with


@pytest.mark.parametrize('what', ['chips', 'canvases'])
def test_browse(run, what, tmp_path, capsys):
    # without --work-dir the pool would go below the working directory
    assert run('--what', what, '--work-dir', tmp_path / 'work') == 0
    assert '2 pictures' in capsys.readouterr().out
    assert (tmp_path / 'out' / f'{what}.jpg').is_file()


@pytest.mark.parametrize(
    ('args', 'message'),
    [
        (('--what', 'hard-chips'), 'no mined round'),
        (('--what', 'detections'), 'detections need --checkpoint'),
        (
            ('--what', 'detections', '--checkpoint', 'absent.pth'),
            'no checkpoint at',
        ),
    ],
)
def test_a_mistake_is_one_line(run, args, message, capsys):
    assert run(*args) == 1
    error = capsys.readouterr().err
    assert error.startswith(f'error: {message}')
    assert error.count('\n') == 1
