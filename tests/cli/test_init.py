import pytest
from mmengine.config import Config

from mmhcm.cli import init
from tests.support.own_data import CLASSES, write_coco, write_voc, write_yolo

SOURCES = {
    'coco': (write_coco, ['--coco', 'sea/train.json', 'sea/val.json']),
    'yolo': (write_yolo, ['--yolo', 'sea']),
    'voc': (write_voc, ['--voc', 'sea']),
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize('kind', SOURCES)
def test_init_writes_a_config(folder, capsys, kind):
    write, source = SOURCES[kind]
    write(folder / 'sea')
    assert init.main([*source, '--out', 'boats.py']) == 0
    assert 'wrote boats.py: 3 classes' in capsys.readouterr().out
    cfg = Config.fromfile('boats.py')
    assert cfg.model.roi_head.bbox_head.num_classes == len(CLASSES)
    assert cfg.train_dataloader.dataset.dataset.metainfo.classes == CLASSES
    assert cfg.default_hooks.checkpoint.save_best == 'coco/bbox_mAP'


def test_init_adds_fitted_values(folder, capsys):
    write_coco(folder / 'sea')
    assert init.main([*SOURCES['coco'][1], '--out', 'a.py', '--fit']) == 0
    assert 'best possible recall' in capsys.readouterr().out
    cfg = Config.fromfile('a.py')
    assert cfg.scales == cfg.train_dataloader.dataset.scales
    assert cfg.scales != Config.fromfile(cfg_without_fit(folder)).scales


def cfg_without_fit(folder):
    assert init.main([*SOURCES['coco'][1], '--out', 'plain.py']) == 0
    return folder / 'plain.py'


def test_init_keeps_a_file(folder, capsys):
    write_coco(folder / 'sea')
    (folder / 'a.py').write_text('mine')
    assert init.main([*SOURCES['coco'][1], '--out', 'a.py']) == 1
    assert '--force replaces it' in capsys.readouterr().err
    assert (folder / 'a.py').read_text() == 'mine'
    assert init.main([*SOURCES['coco'][1], '--out', 'a.py', '--force']) == 0


@pytest.mark.parametrize(
    'args',
    [
        ['--out', 'a.py'],
        ['--voc', 'sea', '--yolo', 'sea', '--out', 'a.py'],
        ['--voc', 'sea', '--images', 'a', 'b', '--out', 'a.py'],
    ],
    ids=['no source', 'two sources', 'images without coco'],
)
def test_init_refuses_arguments(args):
    with pytest.raises(SystemExit, match='2'):
        init.main(args)


def test_an_absent_file_is_one_line(capsys):
    assert init.main(['--voc', 'absent', '--out', 'a.py']) == 1
    error = capsys.readouterr().err
    assert error.startswith('error: no list of images at absent')
    assert error.count('\n') == 1
