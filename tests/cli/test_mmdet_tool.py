"""MMDetection's tools on a tiny run's config, logs and results."""

import json
import sys
from multiprocessing.pool import ThreadPool
from types import SimpleNamespace

import pytest

from mmhcm.cli import mmdet_tool, test, train
from mmhcm.structures.choices import MMDET_TOOLS
from tests.support.tiny_run import write_tiny_run

EVALUATORS = """_base_ = 'tiny.py'
val_evaluator = [
    dict(type='VisDroneMetric'),
    dict(type='CocoMetric', metric='bbox', proposal_nums=(1, 10, 100)),
]
test_evaluator = val_evaluator
"""


@pytest.fixture(scope='module')
def done(call, tmp_path_factory):
    """A run with its log, and a test with its files."""
    root = tmp_path_factory.mktemp('tools')
    write_tiny_run(root)
    config = root / 'both.py'
    config.write_text(EVALUATORS)
    options = {
        'log_level': 'WARNING',
        'default_hooks.mining.epochs': '[]',
        'default_hooks.logger.interval': 1,
        'train_cfg.val_interval': 1,
    }
    work = '--work-dir', root / 'work'
    assert call(train, config, *work, options=options) == 0
    (log,) = root.glob('work/*/vis_data/scalars.json')
    checkpoint = root / 'work' / 'epoch_2.pth'
    options = {'test_evaluator.1.outfile_prefix': root / 'coco'}
    out = '--work-dir', root / 'test', '--out', root / 'dump.pkl'
    assert call(test, config, checkpoint, *out, options=options) == 0
    return SimpleNamespace(
        config=config,
        log=log,
        dump=root / 'dump.pkl',
        boxes=root / 'coco.bbox.json',
        objects=root / 'coco.gt.json',
    )


@pytest.fixture
def run(monkeypatch, tmp_path):
    # Processes would take longer to start than what they do here.
    monkeypatch.setattr(
        'multiprocessing.Pool', lambda processes=None: ThreadPool(1)
    )
    monkeypatch.chdir(tmp_path)

    def run_tool(*words):
        return mmdet_tool.main([str(word) for word in words])

    return run_tool


def test_get_flops(run, done, capsys):
    assert run('get_flops', done.config, '--num-images', 1) == 0
    printed = capsys.readouterr().out
    assert 'Flops: ' in printed
    assert 'Params: ' in printed


def test_print_config(run, done, capsys):
    saved = done.config.parent / 'saved' / 'whole.json'
    assert run('print_config', done.config, '--save-path', saved) == 0
    assert "type='HardChipMiningHook'" in capsys.readouterr().out
    content = json.loads(saved.read_text())
    assert content['train_dataloader']['dataset']['type'] == 'ChipDataset'


def test_browse_dataset(run, done, tmp_path):
    out = '--output-dir', tmp_path / 'chips', '--not-show'
    assert run('browse_dataset', done.config, *out) == 0
    names = {path.name for path in (tmp_path / 'chips').iterdir()}
    assert names == {f'train_{number}.png' for number in range(3)}


def test_confusion_matrix(run, done, tmp_path):
    words = done.config, done.dump, tmp_path / 'matrix', '--score-thr', 0.02
    assert run('confusion_matrix', *words) == 0
    assert (tmp_path / 'matrix' / 'confusion_matrix.png').stat().st_size


@pytest.mark.nightly
def test_coco_error_analysis(run, done, tmp_path):
    words = done.boxes, tmp_path / 'errors', '--ann', done.objects
    assert run('coco_error_analysis', *words) == 0
    names = {path.name for path in (tmp_path / 'errors' / 'bbox').iterdir()}
    assert {'bbox-allclass-allarea.png', 'bbox-van-small.png'} <= names


@pytest.mark.parametrize('key', ['visdrone/mAP', 'loss'])
def test_analyze_logs(run, done, tmp_path, key, monkeypatch):
    try:
        import seaborn  # noqa: F401
    except ImportError:
        # The tool takes nothing but its background from it.
        fake = SimpleNamespace(set_style=lambda _: None)
        monkeypatch.setitem(sys.modules, 'seaborn', fake)
    out = '--out', tmp_path / 'curve.png'
    assert (
        run('analyze_logs', 'plot_curve', done.log, '--keys', key, *out) == 0
    )
    assert (tmp_path / 'curve.png').stat().st_size


def test_analyze_results(run, done, tmp_path):
    words = done.config, done.dump, tmp_path / 'ends', '--topk', 1
    assert run('analyze_results', *words) == 0
    for kind in ('good', 'bad'):
        assert len(list((tmp_path / 'ends' / kind).iterdir())) == 1


def test_every_tool_has_a_test():
    names = {name.removeprefix('test_') for name in globals()}
    assert names >= MMDET_TOOLS.keys()


def test_help_is_that_of_the_tool(run, capsys):
    with pytest.raises(SystemExit, match='0'):
        run('confusion_matrix', '--help')
    assert '--tp-iou-thr' in capsys.readouterr().out


def test_mmdetection_without_its_tools(run, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr('mmdet.__file__', str(tmp_path / 'a' / '__init__.py'))
    assert run('get_flops', 'absent.py') == 1
    assert 'comes without get_flops.py' in capsys.readouterr().err
