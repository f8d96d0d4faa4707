"""Commands on a config whose types are classes."""

import shutil

import pytest

from mmhcm.cli import (
    analyze,
    browse,
    export,
    fit,
    plot,
    submit,
    test,
    train,
)
from tests.support.lazy_config import write_lazy_config
from tests.support.tiny_run import write_tiny_run


@pytest.fixture(scope='module')
def config(tmp_path_factory):
    path = write_tiny_run(tmp_path_factory.mktemp('lazy'))
    lazy = write_lazy_config(path, path.with_name('lazy.py'))
    assert 'type=ChipDataset' in lazy.read_text()
    return lazy


LOOKS = {
    'browse': (browse, '--what', 'chips', '--num', 2, '--out'),
    'export': (export, '--what', 'canvases', '--num', 1, '--out'),
    'fit': (fit, '--keep-windows', '--work-dir'),
    'analyze': (analyze, '--canvases', 2, '--out'),
}


@pytest.mark.parametrize('name', LOOKS)
def test_commands_that_look_at_data(call, config, name, tmp_path):
    tool, *args = LOOKS[name]
    assert call(tool, config, *args, tmp_path / 'out') == 0


def test_masking_is_found(call, config, tmp_path):
    args = 'masking', config, '--out', tmp_path / 'a.png'
    assert call(plot, *args) == 0


@pytest.mark.nightly
def test_a_whole_run(call, config, tmp_path):
    work = '--work-dir', tmp_path / 'work'
    # Another root makes a config of names from one of classes.
    root = tmp_path / 'my sets, all'
    shutil.copytree(config.parent / 'data', root)
    options = {'data_root': root, 'log_level': 'WARNING'}
    assert call(train, config, *work, options=options) == 0
    assert (tmp_path / 'work' / 'hcm' / 'round_1').is_dir()
    checkpoint = tmp_path / 'work' / 'epoch_2.pth'
    for mode in ((), ('--tta',), ('--slices',)):
        assert call(test, config, checkpoint, *work, *mode) == 0
    out = '--out', tmp_path / 'a.zip'
    assert call(submit, config, checkpoint, *work, *out) == 0
    what = '--what', 'hard-chips', '--out', tmp_path / 'pictures'
    assert call(browse, config, *work, *what, options=options) == 0
