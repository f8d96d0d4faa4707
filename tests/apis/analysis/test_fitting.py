import numpy as np
import pytest
from mmengine.config import Config

from mmhcm.apis.analysis import (
    check_fitted,
    data_fit_text,
    fit_config,
    fitted_config,
    fitted_lines,
)
from mmhcm.apis.analysis.anchors import present_anchors
from mmhcm.apis.data import build_training_data
from mmhcm.datasets import build_scales
from mmhcm.functional.boxes import sqrt_areas
from tests.support.tiny_visdrone import write_tiny_visdrone


@pytest.fixture
def cfg(tmp_path):
    config = write_tiny_visdrone(tmp_path)
    text = config.read_text()
    config.write_text(text.replace('scales=scales', "scales='${scales}'"))
    return Config.fromfile(config)


def test_fit_config_fits_anchors_to_the_chips_of_fitted_scales(cfg):
    dataset = build_training_data(cfg)
    kept = fit_config(cfg, dataset, num_windows=None)
    fit = fit_config(cfg, dataset, num_windows=2)
    assert kept.scales == ()
    windows = [scale.window for scale in fit.scales]
    assert windows != [scale.window for scale in dataset.scales]
    assert fit.anchors.specs['fitted'] != kept.anchors.specs['fitted']
    again = build_training_data(Config.fromfile(cfg.filename))
    assert again.scales == dataset.scales


def test_fit_config_keeps_the_number_of_anchors(cfg):
    dataset = build_training_data(cfg)
    fit = fit_config(cfg, dataset, None)
    _, present = present_anchors(cfg)
    fitted = fit.anchors.specs['fitted']
    assert len(fitted.scales) == len(present.scales)
    assert len(fitted.ratios) == len(present.ratios)
    more = fit_config(cfg, dataset, None, num_scales=2, num_ratios=1)
    assert len(more.anchors.specs['fitted'].scales) == 2
    assert len(more.anchors.specs['fitted'].ratios) == 1


def test_objects_are_as_large_at_the_test_scale_as_on_chips(cfg):
    fit = fit_config(cfg, build_training_data(cfg), num_windows=2)
    objects = fit.anchors.objects
    means = [
        np.exp(np.log(sqrt_areas(bboxes)).mean())
        for bboxes in (objects.bboxes, objects.source_bboxes)
    ]
    np.testing.assert_allclose(fit.test_scale, means[0] / means[1], atol=0.01)


def test_fitted_config_is_read_by_training_and_test(cfg, tmp_path):
    fit = fit_config(cfg, build_training_data(cfg), num_windows=2)
    folder = tmp_path / 'fits'
    folder.mkdir()
    child = folder / 'fitted.py'
    child.write_text(fitted_config(fit, cfg.filename, child))
    assert "_base_ = '../tiny.py'" in child.read_text()
    fitted = Config.fromfile(child)
    check_fitted(fitted, fit)
    chips = fitted.train_dataloader.dataset
    assert build_scales(chips.scales) == list(fit.scales)
    assert fitted.test_scale == fit.test_scale
    head, spec = present_anchors(fitted)
    assert head == fit.anchors.head
    np.testing.assert_allclose(
        spec.scales, fit.anchors.specs['fitted'].scales, rtol=1e-3
    )


def test_a_config_with_scales_of_its_own_is_refused(cfg):
    fit = fit_config(cfg, build_training_data(cfg), num_windows=2)
    with pytest.raises(ValueError, match=r'dataloader\.dataset\.scales'):
        check_fitted(cfg, fit)


def test_whole_images_get_anchors_alone(cfg):
    cfg.train_dataloader.dataset.scales = None
    fit = fit_config(cfg, build_training_data(cfg))
    assert fit.scales == ()
    assert fitted_lines(fit).startswith('model = dict(')
    assert 'IoU 0.7' in data_fit_text(fit)
