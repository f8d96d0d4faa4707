"""MMDetection's own scores next to the official ones."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet.registry import DATASETS
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmengine.structures import InstanceData

import mmhcm.evaluation  # noqa: F401
from tests.support.scene_folders import random_rows, write_visdrone

CONFIG = (
    Path(__file__).parents[2]
    / 'configs/hcm/faster-rcnn_r101_fpn_hcm-coco-scores_visdrone.py'
)
OFFICIAL = ('AP', 'AP50', 'AP75', 'AR500')
COCO = ('bbox_mAP', 'bbox_mAP_50', 'bbox_mAP_75')


@pytest.fixture(scope='module')
def cfg():
    return Config.fromfile(CONFIG, format_python_code=False)


def evaluate(cfg, root, keep):
    """Figures of detections that are the objects chosen by ``keep``."""
    rng = np.random.default_rng(0)
    # No ignored objects of the ten classes: the official recall counts them.
    others = [(60, 50, 20, 12, 1, 11, 0, 0)]
    region = [(0, 70, 30, 10, 0, 0, 0, 0)]
    rows = {
        stem: random_rows(rng, 20, (100, 70)) + others + region
        for stem in ('a', 'b')
    }
    write_visdrone(root, {**rows, 'empty': []})
    dataset = DATASETS.build(
        dict(
            type='VisDroneDataset',
            data_root=str(root),
            test_mode=True,
            pipeline=cfg.test_pipeline,
        )
    )
    evaluator = Evaluator(list(cfg.test_evaluator))
    evaluator.dataset_meta = dataset.metainfo
    for ind in range(len(dataset)):
        sample = dataset[ind]['data_samples']
        found = [
            item
            for item in dataset.get_data_info(ind)['instances']
            if not item['ignore_flag'] and keep(item)
        ]
        sample.pred_instances = InstanceData(
            bboxes=torch.tensor([item['bbox'] for item in found]).view(-1, 4),
            scores=torch.linspace(0.9, 0.8, len(found)),
            labels=torch.tensor(
                [item['bbox_label'] for item in found], dtype=torch.long
            ),
        )
        evaluator.process([sample])
    return evaluator.evaluate(len(dataset))


def test_perfect_detections(cfg, tmp_path):
    figures = evaluate(cfg, tmp_path, lambda item: True)
    assert {figures[f'visdrone/{name}'] for name in OFFICIAL} == {100.0}
    assert {figures[f'coco/{name}'] for name in COCO} == {1.0}


def test_half_of_the_classes(cfg, tmp_path):
    figures = evaluate(cfg, tmp_path, lambda item: item['bbox_label'] < 5)
    assert figures['visdrone/class_mean_AP'] == pytest.approx(50)
    assert figures['coco/bbox_mAP'] == pytest.approx(0.5)


def test_the_best_checkpoint_is_chosen_by_the_official_figure(cfg):
    assert cfg.default_hooks.checkpoint.save_best == 'visdrone/AP'
    assert cfg.val_evaluator == cfg.test_evaluator
