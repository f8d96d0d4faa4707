import json

import pytest

from mmhcm.cli import export
from tests.support.tiny_visdrone import write_tiny_visdrone


@pytest.fixture
def run(tmp_path):
    config = write_tiny_visdrone(tmp_path, num_images=2)

    def run_with(*args):
        # Without --work-dir the pool would go below the working directory.
        options = ['--out', tmp_path / 'out', '--work-dir', tmp_path / 'work']
        return export.main([str(arg) for arg in (config, *options, *args)])

    return run_with


@pytest.mark.parametrize('what', ['chips', 'canvases'])
def test_export(run, what, tmp_path, capsys):
    assert run('--what', what, '--num', 2) == 0
    out = capsys.readouterr().out
    assert f'2 images in {tmp_path / "out" / what}.json' in out
    content = json.loads((tmp_path / 'out' / f'{what}.json').read_text())
    for image in content['images']:
        assert (tmp_path / 'out' / what / image['file_name']).is_file()


@pytest.mark.parametrize(
    ('args', 'message'),
    [
        (('--what', 'hard-chips'), 'no mined round'),
        (('--what', 'hard-chips', '--round', 'absent'), 'absent: cannot be'),
        (('--num', '0'), 'num must be positive'),
        (('--cfg-options', 'train_dataloader.dataset.chip_size=0'), 'chip_si'),
    ],
)
def test_a_mistake_is_one_line(run, args, message, capsys):
    assert run(*args) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count('\n') == 1


def test_a_folder_that_cannot_be_written(run, tmp_path, capsys):
    (tmp_path / 'out').write_text('a file')
    assert run() == 1
    assert capsys.readouterr().err.count('\n') == 1
