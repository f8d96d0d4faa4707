from pathlib import Path

import cv2
import numpy as np
import pytest

from mmhcm.cli import predict
from tests.support.tiny_checkpoint import write_tiny_checkpoint


@pytest.fixture(scope='module')
def paths(tmp_path_factory):
    return write_tiny_checkpoint(tmp_path_factory.mktemp('tiny'))


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Another directory than the project's, with pictures."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    Path('photos').mkdir()
    image = rng.integers(0, 256, (77, 111, 3), dtype=np.uint8)
    cv2.imwrite('photos/1.png', image)


@pytest.fixture
def run(paths):
    def run_with(*args):
        options = ['--out', 'out', '--device', 'cpu']
        return predict.main([*map(str, paths), *args, *options])

    return run_with


def test_predict(run, capsys):
    options = '--score-thr', '0.05', '--json', 'coco', '--slices'
    assert run('photos', *options) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[-1].endswith('from 0.05 in 1 images: out')
    # The bar, with the time left.
    assert 'predicting' in err
    assert Path('out/coco.json').is_file()
    assert Path('out/pictures/1.jpg').is_file()


def test_a_broken_picture_gives_status_1(run, capsys):
    Path('photos/2.jpg').write_bytes(b'')
    assert run('photos') == 1
    assert Path('out/pictures/1.jpg').is_file()
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith('1 files could not be read; the first: ')
    assert last.endswith('photos/2.jpg: is empty')


@pytest.mark.parametrize(
    ('args', 'message'),
    [
        (['absent.jpg'], 'no picture, video or folder at absent.jpg'),
        (['photos', '--no-pictures'], '--no-pictures leaves nothing to write'),
    ],
)
def test_a_user_error_is_one_line(run, capsys, args, message):
    assert run(*args) == 1
    error = capsys.readouterr().err
    assert error.startswith(f'error: {message}')
    assert error.count('\n') == 1
    assert not Path('out').exists()
