import numpy as np
import pytest
from mmengine.config import Config

from mmhcm.apis.analysis.anchors import (
    anchor_text,
    fit_config_anchors,
    present_anchors,
)
from mmhcm.apis.data.training_data import build_training_data
from mmhcm.functional.anchors import AnchorSpec


def test_fits_in_input_pixels(cfg):
    dataset = build_training_data(cfg)
    fit = fit_config_anchors(cfg, dataset)
    objects = fit.objects
    assert fit.head == 'bbox_head'
    assert len(objects.source_bboxes) == 80
    assert len(objects.bboxes) >= 80
    assert len(objects.bboxes) == len(objects.input_whs)
    # chips of 96 pixels are padded to nothing more
    assert set(objects.input_whs.ravel().tolist()) == {96}
    before, after = fit.figures["the config's"], fit.figures['fitted']
    assert after['mean_best_iou'] > before['mean_best_iou']
    again = fit_config_anchors(cfg, dataset)
    assert again.specs == fit.specs


def test_input_is_resized_and_padded_after_the_crop(cfg):
    dataset = build_training_data(cfg)
    plain = fit_config_anchors(cfg, dataset).objects
    pipeline = cfg.train_dataloader.dataset.pipeline
    pipeline.append({'type': 'Resize', 'scale_factor': 1.5})
    resized = fit_config_anchors(cfg, dataset).objects
    np.testing.assert_allclose(resized.bboxes, plain.bboxes * 1.5)
    assert set(resized.input_whs.ravel().tolist()) == {160}


def test_octave_anchors_are_understood_and_replaced(cfg, tmp_path):
    octave = tmp_path / 'octave.py'
    text = (tmp_path / 'tiny.py').read_text()
    octave.write_text(
        text.replace('scales=[4]', 'octave_base_scale=4, scales_per_octave=2')
    )
    _, spec = present_anchors(Config.fromfile(octave))
    np.testing.assert_allclose(spec.scales, [4, 4 * 2**0.5], atol=1e-5)
    (tmp_path / 'child.py').write_text(
        "_base_ = 'octave.py'\n" + anchor_text('bbox_head', AnchorSpec())
    )
    child = Config.fromfile(tmp_path / 'child.py')
    assert present_anchors(child)[1] == AnchorSpec()


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'type': 'YOLOAnchorGenerator'}, 'type YOLOAnchorGenerator'),
        ({'center_offset': 0.5}, 'center_offset'),
        ({'base_sizes': [5, 9]}, 'base_sizes'),
    ],
)
def test_other_anchors_are_refused(cfg, change, message):
    cfg.model.bbox_head.anchor_generator.update(change)
    with pytest.raises(ValueError, match=message):
        present_anchors(cfg)


def test_no_anchors_are_refused(cfg):
    cfg.model.bbox_head.pop('anchor_generator')
    with pytest.raises(ValueError, match='has no anchors'):
        present_anchors(cfg)
