"""Commands of docs/own_data.md, on small data."""

import re
import shlex
from importlib import import_module

import pytest
from mmdet.registry import DATASETS
from mmengine.config import Config

from mmhcm.apis.data import build_training_data
from mmhcm.cli import COMMANDS, main
from mmhcm.datasets import find_chip_dataset
from tests.support.own_data import (
    CLASSES,
    TINY,
    write_coco,
    write_voc,
    write_yolo,
)
from tests.support.tiny_model import MODEL
from tests.support.tiny_run import REPO, unique_names

PAGE = (REPO / 'docs' / 'own_data.md').read_text()
BLOCKS = re.findall(r'^```(\w*)\n(.*?)^```$', PAGE, re.M | re.S)
LINES = [
    line
    for kind, text in BLOCKS
    if kind == 'bash'
    for line in text.splitlines()
]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_coco(tmp_path / 'sea')
    return tmp_path


def run(line):
    """Run a line of the page; training is short."""
    words = shlex.split(line.replace('epoch_24', 'epoch_2'))
    assert words[0] == 'mmhcm'
    if words[1] in ('train', 'test', 'predict'):
        options = [f'{k}={v}' for k, v in unique_names().items()]
        words += ['--cfg-options', *options]
    assert main(words[1:]) == 0, line


def make_tiny(config):
    with config.open('a') as file:
        file.write(TINY)


def test_page_has_commands():
    assert len(LINES) > 8
    assert {line.split()[0] for line in LINES} == {'mmhcm'}


@pytest.mark.parametrize('line', LINES)
def test_commands_parse(line):
    _, name, *words = shlex.split(line)
    assert name in COMMANDS
    import_module(f'mmhcm.cli.{name}').parse_args(words)


def test_init_writes_the_config_of_the_page(folder):
    run(LINES[0])
    shown = next(text for kind, text in BLOCKS if kind == 'python')
    assert (folder / 'boats.py').read_text() == shown


def test_variables_have_the_defaults_of_the_page(folder):
    (folder / 'a.py').write_text(
        "_base_ = 'mmhcm::hcm/faster-rcnn_r50_fpn_hcm_coco.py'\n"
    )
    cfg = Config.fromfile('a.py', format_python_code=False)
    for row in re.findall(r'^\| (`\w+`.*?) \| (`.*?`) \|', PAGE, re.M):
        names, values = (re.findall(r'`([^`]+)`', cell) for cell in row)
        for name, value in zip(names, values, strict=True):
            assert cfg[name] == eval(value), name


def test_own_data_train_mine_and_validate(folder):
    run(LINES[0])
    make_tiny(folder / 'boats.py')
    run('mmhcm train boats.py')
    work_dir = folder / 'work_dirs' / 'boats'
    assert (work_dir / 'hcm' / 'round_1' / 'hard_chips.jsonl').is_file()
    assert (work_dir / 'hcm' / 'round_1' / 'report.html').is_file()
    assert list(work_dir.glob('best_coco_bbox_mAP_*.pth'))
    # The config of the run needs no base.
    assert Config.fromfile(work_dir / 'boats.py').classes == CLASSES


@pytest.mark.nightly
def test_all_commands_of_the_page_run(folder):
    write_yolo(folder / 'sea_yolo')
    write_voc(folder / 'sea_voc')
    for line in LINES:
        run(line)
        if line == LINES[0]:
            make_tiny(folder / 'boats.py')
    assert list((folder / 'drawn').rglob('val_0.*'))
    for name in ('boats_yolo', 'boats_voc'):
        make_tiny(folder / f'{name}.py')
        run(f'mmhcm train {name}.py')


def test_length_of_the_page(folder):
    run(LINES[0])
    (folder / 'boats_fitted.py').write_text("_base_ = 'boats.py'\n")
    (folder / 'short.py').write_text(_block_with('train_cfg = '))
    cfg = Config.fromfile('short.py', format_python_code=False)
    assert cfg.train_cfg.max_epochs == 12
    assert cfg.default_hooks.mining.epochs == [6]
    warm_up, steps, restart = cfg.param_scheduler
    assert (warm_up.type, warm_up.end) == ('LinearLR', 1)
    assert steps.milestones == [4, 5, 10, 11]
    assert (restart.milestones, restart.gamma) == ([6], 100)


def test_another_detector_of_the_page_trains(folder):
    (folder / 'retina.py').write_text(_block_with('retinanet'))
    model = 'model = dict(backbone=dict(init_cfg=None))\n'
    (folder / 'tiny.py').write_text(
        "_base_ = 'retina.py'\n" + TINY.replace(MODEL, model)
    )
    run('mmhcm train tiny.py')
    work_dir = folder / 'work_dirs' / 'tiny'
    assert (work_dir / 'hcm' / 'round_1' / 'hard_chips.jsonl').is_file()


def test_pipeline_of_the_page_keeps_boxes_on_their_objects(folder):
    run(LINES[0])
    make_tiny(folder / 'boats.py')
    (folder / 'mine.py').write_text(
        f"_base_ = 'boats.py'\n{_block_with('train_pipeline = [')}"
    )
    cfg = Config.fromfile('mine.py', format_python_code=False)
    assert build_training_data(cfg)
    cfg.train_dataloader.dataset.partial_decoding = False
    chips = find_chip_dataset(DATASETS.build(cfg.train_dataloader.dataset))
    sample = chips[0]
    assert sample['inputs'].shape == (3, 64, 64)
    assert len(sample['data_samples'].gt_instances)


def _block_with(words):
    (text,) = (text for _, text in BLOCKS if words in text)
    return text
