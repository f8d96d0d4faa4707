import json

import cv2
import numpy as np
import pytest
from mmengine.config import Config

from mmhcm.apis.analysis.anchors import training_objects
from mmhcm.apis.data.rendering import config_pool
from mmhcm.apis.data.training_data import build_training_data
from mmhcm.apis.plots.data_figures import (
    canvases_figure,
    collect_sizes,
    counts_figure,
    masking_figure,
    object_sizes_figure,
)
from mmhcm.apis.plots.detection_figures import checkpoint_figure
from mmhcm.functional.boxes import sqrt_areas
from mmhcm.visualization.figures import figure_style
from tests.support.figure_checks import check_figure
from tests.support.tiny_checkpoint import save_weights
from tests.support.tiny_visdrone import write_tiny_visdrone

MEAN_RGB = [124, 116, 104]


@pytest.fixture(autouse=True)
def _style():
    with figure_style():
        yield


@pytest.fixture(scope='module')
def config(tmp_path_factory):
    return write_tiny_visdrone(tmp_path_factory.mktemp('tiny'))


@pytest.fixture
def cfg(config):
    return Config.fromfile(config)


@pytest.fixture
def dota_cfg(cfg, tmp_path):
    """With an external image whose vehicles are masked."""
    for folder in ('images', 'labelTxt'):
        (tmp_path / folder).mkdir()
    image = np.full((100, 150, 3), 60, dtype=np.uint8)
    cv2.imwrite(str(tmp_path / 'images' / 'P0.png'), image)
    (tmp_path / 'labelTxt' / 'P0.txt').write_text(
        '10 10 40 10 40 30 10 30 small-vehicle 0\n'
        '60 60 90 60 90 90 60 90 plane 0\n'
    )
    cfg.default_hooks.mining['external'] = [
        {
            'type': 'DOTADataset',
            'data_root': str(tmp_path),
            'class_map': 'visdrone',
        }
    ]
    return cfg


def boxes_of(axes):
    """Corners xyxy by colour of the boxes on a picture."""
    return [
        [
            [*path.vertices.min(axis=0), *path.vertices.max(axis=0)]
            for path in collection.get_paths()
        ]
        for collection in axes.collections[1::2]
    ]


def test_counts(cfg):
    dataset = build_training_data(cfg)
    drawing = counts_figure(cfg, dataset, 3)
    texts = check_figure(drawing.figure, 'single')
    json.dumps(drawing.numbers, allow_nan=False)
    legend = ' '.join(texts)
    for name in ('images (80, ', ' chips (', 'augmented chips ('):
        assert name in legend
    assert drawing.numbers['canvases'] == 3
    whole = counts_figure(cfg, dataset)
    without = counts_figure(cfg, dataset, 0)
    # as many as the mining round has: one for each image
    assert whole.numbers['canvases'] == 8
    assert 'canvases' not in without.numbers
    cfg.default_hooks.mining.epochs = []
    assert 'canvases' not in counts_figure(cfg, dataset).numbers


def test_sizes(cfg):
    dataset = build_training_data(cfg)
    drawing = object_sizes_figure(cfg, dataset)
    texts = check_figure(drawing.figure, 'double')
    json.dumps(drawing.numbers, allow_nan=False)
    source, network, ratio = drawing.numbers.values()
    assert network['car']['objects'] > source['car']['objects']
    assert 'width / height' in texts
    objects = [
        item
        for index in range(len(dataset.dataset))
        for item in dataset.dataset.get_data_info(index)['instances']
        if item['bbox_label'] == 3 and not item['ignore_flag']
    ]
    wh = np.array([np.subtract(o['bbox'][2:], o['bbox'][:2]) for o in objects])
    assert source['car']['objects'] == len(wh) == ratio['car']['objects']
    median = np.median(np.sqrt(wh.prod(axis=1)))
    assert source['car']['med'] == pytest.approx(median, rel=1e-5)
    assert ratio['car']['med'] == pytest.approx(np.median(wh[:, 0] / wh[:, 1]))


def test_input_sizes_are_those_that_anchors_are_fitted_to(cfg):
    dataset = build_training_data(cfg)
    values = collect_sizes(cfg, dataset)['sqrt(area), input pixels']
    wanted = sqrt_areas(training_objects(cfg, dataset).bboxes)
    np.testing.assert_allclose(
        np.sort(np.concatenate(values)), np.sort(wanted), rtol=1e-6
    )


def test_canvases(dota_cfg):
    pool = config_pool(dota_cfg, build_training_data(dota_cfg))
    dota_cfg.default_hooks.mining['canvases']['external_ratio'] = 0.5
    drawing = canvases_figure(dota_cfg, num=1, pool=pool)
    texts = check_figure(drawing.figure, 'double')
    assert {'own images', 'external images'} <= set(texts)
    assert {'masked region', 'pasted object'} <= set(texts)
    own, external = drawing.figure.axes
    masked, pasted = boxes_of(external)
    assert masked == [[7, 7, 43, 33]]
    assert 0 < len(pasted) <= 4
    pixels = external.images[0].get_array()
    assert pixels[20, 25].tolist() == MEAN_RGB
    # pixels of the plane stay
    assert boxes_of(own)[0] == [[150, 130, 200, 160]]


def test_masking(cfg):
    drawing = masking_figure(cfg, num=2, width='single')
    texts = check_figure(drawing.figure, 'single')
    assert set(texts) == {'before', 'after masking', 'masked region'}
    before, _, after, _ = drawing.figure.axes
    assert boxes_of(before) == boxes_of(after) == [[[150, 130, 200, 160]]]
    old = before.images[0].get_array()
    new = after.images[0].get_array()
    changed = (old != new).any(axis=2)
    assert changed[130:, 150:].mean() > 0.9
    assert not changed[:130].any()
    assert not changed[:, :150].any()
    named = masking_figure(cfg, images=['003'])
    assert named.text == 'images 003'


def test_masking_of_external_images(dota_cfg):
    drawing = masking_figure(dota_cfg, external=True)
    before, after = drawing.figure.axes
    assert boxes_of(after) == [[[7, 7, 43, 33]]]
    assert before.images[0].get_array()[20, 25].tolist() == [60] * 3
    assert after.images[0].get_array()[20, 25].tolist() == MEAN_RGB


def test_nothing_to_mask(cfg, tmp_path):
    with pytest.raises(ValueError, match='has no external images'):
        masking_figure(cfg, external=True)
    pipeline = cfg.train_dataloader.dataset.pipeline
    cfg.train_dataloader.dataset.pipeline = [
        step for step in pipeline if step['type'] != 'MaskIgnoredRegions'
    ]
    with pytest.raises(ValueError, match='training masks no ignored regions'):
        masking_figure(cfg)


def test_detections_of_a_checkpoint(cfg, tmp_path):
    path = save_weights(cfg, tmp_path / 'x.pth')
    drawing = checkpoint_figure(cfg, path, images=['005'], score_thr=0.0)
    check_figure(drawing.figure, 'double')
    assert drawing.text == '005: 20 detections from score 0'
    (axes,) = drawing.figure.axes
    assert sum(map(len, boxes_of(axes))) == 20
    none = checkpoint_figure(cfg, path, num=1, score_thr=0.99)
    assert '0 detections' in none.text
