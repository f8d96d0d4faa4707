"""Commands see what a config without valid ranges trains on."""

import json

import cv2
import numpy as np
import pytest
from mmdet.registry import DATASETS
from mmengine.config import Config

from mmhcm.apis.analysis import analyze
from mmhcm.apis.browse import export, save_chips
from mmhcm.apis.data.training_data import build_training_data
from mmhcm.apis.plots.data_figures import counts_figure, object_sizes_figure
from mmhcm.apis.report import report_of_config
from mmhcm.structures.rounds import HardChipRound, MinedCanvas, write_round
from mmhcm.visualization.figures import figure_style
from tests.support.html_page import read_page
from tests.support.tiny_visdrone import write_tiny_visdrone


@pytest.fixture(scope='module')
def config(tmp_path_factory):
    return write_tiny_visdrone(tmp_path_factory.mktemp('no_ranges'))


@pytest.fixture
def ranges(config):
    return Config.fromfile(config)


@pytest.fixture
def cfg(config):
    cfg = Config.fromfile(config)
    cfg.train_dataloader.dataset.ignore_out_of_range = False
    return cfg


@pytest.fixture
def learned(cfg, ranges):
    """Number of objects that training learns on the normal chips."""
    with_ranges, without = map(count_learned, (ranges, cfg))
    assert without > with_ranges
    return without


def count_learned(cfg):
    chips = DATASETS.build(cfg.train_dataloader.dataset)
    return sum(
        len(chips[ind]['data_samples'].gt_instances)
        for ind in range(chips.num_normal)
    )


def test_all_keys_reach_the_data_set(cfg):
    chips = cfg.train_dataloader.dataset
    chips.update(max_chips=2, chip_size=80)
    dataset = build_training_data(cfg)
    assert not dataset.ignore_out_of_range
    for name in ('max_chips', 'chip_size'):
        assert getattr(dataset, name) == chips[name]
    chips.unknown = 1
    with pytest.raises(TypeError, match='unknown'):
        build_training_data(cfg)


def test_analyze(cfg, learned):
    figures = analyze(cfg, build_training_data(cfg))
    assert sum(figures['counts']['normal chips']) == learned


def test_plots(cfg, learned):
    dataset = build_training_data(cfg)
    with figure_style():
        counts = counts_figure(cfg, dataset, 0).numbers['counts']
        sizes = object_sizes_figure(cfg, dataset).numbers
    assert sum(counts['normal chips']) == learned
    on_input = sizes['sqrt(area), input pixels']
    assert sum(row['objects'] for row in on_input.values() if row) == learned


def test_export(cfg, learned, tmp_path):
    result = export(cfg, 'chips', tmp_path)
    items = json.loads(result.path.read_text())['annotations']
    assert sum(not item['iscrowd'] for item in items) == learned


def test_browse(cfg, ranges, learned, tmp_path):
    pictures = []
    for name, config in (('with', ranges), ('without', cfg)):
        paths = save_chips(config, tmp_path / name, 6)[:-1]
        pictures.append([cv2.imread(str(path)) for path in paths])
    # Objects that are ignored are drawn in another way.
    assert any(
        not np.array_equal(left, right)
        for left, right in zip(*pictures, strict=True)
    )


def test_report(cfg, ranges):
    # Each window at the scale whose range most of its objects lack.
    canvas = MinedCanvas(
        0, 0, '000', (), [(0, 0, 64, 64), (72, 0, 200, 128)], [1, 0]
    )
    path = f'{cfg.work_dir}/hcm/round_1/hard_chips.jsonl'
    write_round(path, HardChipRound(1, 'digest', [canvas]))
    dataset = build_training_data(cfg)
    dataset.set_hard_chips(HardChipRound(1, 'digest', [canvas]))
    expected = []
    for ind in range(dataset.num_normal, len(dataset)):
        info = dataset.get_data_info(ind)
        boxes = np.array([item['bbox'] for item in info['instances']])
        x1, y1, x2, y2 = info['chip']['window']
        cut = np.clip(boxes, (x1, y1, x1, y1), (x2, y2, x2, y2))
        areas = [(b[:, 2:] - b[:, :2]).prod(axis=1) for b in (cut, boxes)]
        expected.append(((areas[0] >= areas[1] / 2) & valid_of(info)).sum())
    charts = {}
    for name, config in (('with', ranges), ('without', cfg)):
        page, _ = read_page(report_of_config(config).read_text())
        section = page.one('section', id='chips')
        assert ('chips are chosen by' in section.text) == (name == 'without')
        charts[name] = counted_chips(section)
    assert charts['without'] == charts_of(expected)
    assert charts['with'] != charts['without']


def valid_of(info):
    return np.array([not item['ignore_flag'] for item in info['instances']])


def counted_chips(section):
    (chart,) = [
        figure
        for figure in section.all('figure')
        if 'Objects to learn in a chip' in figure.text
    ]
    return [int(bar.attrs['data-count']) for bar in chart.all('rect')]


def charts_of(numbers):
    bins = [0, 1, 2, 3, 4, 5, 8, 12, 20, 40, np.inf]
    return np.histogram(numbers, bins)[0].tolist()
