import json

import numpy as np
import pytest

from mmhcm.apis.analysis import analyze, statistics_text, write_statistics
from mmhcm.apis.analysis.statistics import class_ratio
from mmhcm.apis.data.training_data import build_training_data
from mmhcm.engine.mining import build_canvases, mining_settings
from tests.support.data_sets import pool_of

CAR = 3


def test_counts(cfg):
    dataset = build_training_data(cfg)
    figures = analyze(cfg, dataset)
    counts = figures['counts']
    assert counts['images'][CAR] >= 64
    assert sum(counts['images']) == figures['objects'] == 80
    assert figures['covered'] == 80
    assert figures['covered_share'] == 1
    assert figures['chips'] == dataset.num_normal
    assert sum(figures['chips_per_scale']) == figures['chips']
    # every chip is 96 x 96; the pyramid is 1.5 and 0.75 times the image
    assert figures['pixels_per_image'] == figures['chips'] * 96**2 / 8
    assert figures['pyramid_per_image'] == 200 * 160 * (1.5**2 + 0.75**2)
    assert figures['content_per_image'] <= figures['pixels_per_image']
    assert 'canvases' not in figures
    stream = np.array(counts['normal chips']) / figures['chips'] * 1000
    np.testing.assert_allclose(counts['1000 samples'], stream)


def test_canvases_cut_the_ratio(cfg):
    figures = analyze(cfg, build_training_data(cfg), num_canvases=8)
    counts = {k: np.array(v) for k, v in figures['counts'].items()}
    np.testing.assert_array_equal(
        counts['canvases'], counts['images'] + counts['of it pasted']
    )
    assert counts['of it pasted'].sum() + figures['skipped_pastes'] == 32
    present = counts['images'] > 0
    if figures['ratios']['canvases'] is not None:
        assert figures['ratios']['canvases'] < figures['ratios']['images']
    assert present[CAR]
    hard = counts['canvas chips'] / figures['canvas_chips']
    normal = counts['normal chips'] / figures['chips']
    np.testing.assert_allclose(
        counts['1000 samples'], 1000 * (0.75 * normal + 0.25 * hard)
    )


@pytest.mark.parametrize('num', [3, 8])
def test_planning_without_pixels_draws_the_same_classes(cfg, tmp_path, num):
    """Those of the pool that mining would build, in a part of the round."""
    dataset = build_training_data(cfg)
    pool = pool_of(dataset.dataset, tmp_path / 'pool')
    planned = build_canvases(cfg, dataset, num)
    mined = build_canvases(cfg, dataset, 8, pool)
    drawn = {
        info['img_id']: drawn_labels(info)
        for info in map(mined.get_data_info, range(8))
    }
    for index in range(num):
        info = planned.get_data_info(index)
        assert drawn_labels(info) == drawn[info['img_id']]
        assert len(info['pastes'])


def drawn_labels(info):
    pasted = [paste.label for paste in info['pastes']]
    return sorted([*pasted, *info['skipped_labels']])


def test_a_config_must_mine(cfg):
    dataset = build_training_data(cfg)
    cfg.default_hooks.mining.pool = None
    with pytest.raises(ValueError, match='no object pool'):
        analyze(cfg, dataset, num_canvases=1)
    cfg.default_hooks.mining.epochs = []
    with pytest.raises(ValueError, match='no HardChipMiningHook'):
        mining_settings(cfg)


@pytest.mark.parametrize(
    ('counts', 'present', 'expected'),
    [
        ([], [], None),
        ([0, 0], [0, 0], None),
        ([8, 2], [1, 1], 4),
        ([8, 0], [1, 0], 1),
        ([8, 0], [1, 1], None),
    ],
)
def test_class_ratio(counts, present, expected):
    assert class_ratio(np.array(counts), np.array(present)) == expected


def test_whole_images_have_no_smaller_pyramid(cfg):
    chips = cfg.train_dataloader.dataset
    chips.scales = None
    chips.pipeline = [dict(type='Resize', scale_factor=2.0)]
    figures = analyze(cfg, build_training_data(cfg))
    assert figures['chips_per_image'] == 1
    assert figures['pixels_per_image'] == 400 * 320
    assert figures['pixels_share'] == 1


def test_text_and_json(cfg, tmp_path):
    figures = analyze(cfg, build_training_data(cfg), num_canvases=2)
    text = statistics_text(figures)
    assert 'awning-tricycle' in text
    assert '(100.0000%)' in text
    write_statistics(tmp_path / 'figures.json', figures)
    read = json.loads((tmp_path / 'figures.json').read_text())
    assert read == figures
