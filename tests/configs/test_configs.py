"""Every config builds, and every backbone trains and mines."""

from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmdet.apis import DetInferencer
from mmdet.registry import DATA_SAMPLERS, DATASETS, HOOKS, METRICS, MODELS
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.registry import LOOPS, PARAM_SCHEDULERS
from PIL import Image

from mmhcm.datasets import build_scales, find_chip_dataset
from mmhcm.engine.checks import check_config
from mmhcm.engine.checks.pipelines import PipelineCheck
from tests.support.configs import (
    CONFIGS,
    dicts,
    read_config,
    without_weights,
)
from tests.support.slim_baselines import (
    SLIM_HEAD,
    SLIM_ROI,
    SLIM_TWO_STAGE,
    assert_trains,
    mine_little,
    small_chips,
    tiny_runner,
)

BACKBONES = [
    'faster-rcnn_r50_fpn_hcm_visdrone.py',
    'faster-rcnn_r101_fpn_hcm_visdrone.py',
    'faster-rcnn_x101-64x4d-dcn_fpn_hcm_visdrone.py',
    'faster-rcnn_swin-t_fpn_hcm_visdrone.py',
    'faster-rcnn_r18_fpn_hcm_visdrone.py',
]
_built: set[str] = set()
_checked: set[str] = set()


#: Batches that MMDetection's rates are for; 16 elsewhere.
BATCHES = {
    'centernet_r18-dcnv2': 128,
    'cornernet_hourglass104': 48,
    'ssd512_vgg16': 64,
    'yolov3_d53': 64,
    'yolox_s': 64,
}


def test_there_are_configs():
    names = {Path(path).name for path in CONFIGS}
    assert set(BACKBONES) < names
    assert {'tiny-detector_hcm_scenes.py', 'cpu_chips_hard.py'} < names


@pytest.mark.parametrize('path', CONFIGS)
def test_model_builds(path):
    cfg = read_config(path)
    model = without_weights(cfg.model)
    # Configs that share a model need not all build it.
    text = repr(model)
    if text not in _built:
        _built.add(text)
        MODELS.build(model)
    if 'tta_model' in cfg:
        assert MODELS.get(cfg.tta_model.type) is not None
        Compose(cfg.tta_pipeline)


@pytest.mark.parametrize('name', ['train', 'val', 'test'])
@pytest.mark.parametrize('path', CONFIGS)
def test_data_is_known(path, name):
    cfg = read_config(path)
    loader = cfg[f'{name}_dataloader']
    if name == 'val' and loader is None:
        assert cfg.val_cfg is None
        assert cfg.val_evaluator is None
        return
    assert DATA_SAMPLERS.get(loader.sampler.type) is not None
    assert LOOPS.get(cfg[f'{name}_cfg'].type) is not None
    for part in dicts(loader.dataset):
        if 'pipeline' in part:
            assert DATASETS.get(part.type) is not None
            Compose(part.pipeline)
        if part.get('scales') is not None:
            build_scales(part.scales)
    for part in dicts(cfg.get(f'{name}_evaluator', [])):
        assert METRICS.build(part) is not None


@pytest.mark.parametrize('path', CONFIGS)
def test_config_and_training_pipeline_pass_their_checks(path):
    cfg = read_config(path)
    if cfg.optim_wrapper.type != 'AmpOptimWrapper':
        check_config(cfg)
    node = cfg.train_dataloader.dataset
    while 'pipeline' not in node:
        node = node.dataset
    # Configs that share a pipeline need not all run it.
    is_chip = node.get('scales') is not None
    if (key := repr((node.pipeline, is_chip))) in _checked:
        return
    _checked.add(key)
    transforms = Compose(node.pipeline).transforms
    check = PipelineCheck(path, transforms, has_regions=True)
    if is_chip:
        check = replace(check, has_pastes=True)
        check.check_chips({'img_id': 'a'}, node.chip_size)
    else:
        check.check_images({'img_id': 'a'})


@pytest.mark.parametrize('path', CONFIGS)
def test_hooks_and_schedules_are_known(path):
    cfg = read_config(path)
    for hook in cfg.default_hooks.values():
        cls = HOOKS.get(hook.type)
        # Some of MMDetection's need the visualizer of a run.
        if cls.__module__.startswith('mmhcm.'):
            HOOKS.build(hook)
        for external in hook.get('external', []):
            assert DATASETS.get(external.type) is not None
    for scheduler in cfg.param_scheduler:
        assert PARAM_SCHEDULERS.get(scheduler.type) is not None


@pytest.mark.parametrize('path', CONFIGS)
def test_config_round_trips_as_text(path):
    # A run keeps its config as text; an infinite number would not load.
    cfg = read_config(path)
    again = Config.fromstring(cfg.pretty_text, '.py')
    assert again._cfg_dict.to_dict() == cfg._cfg_dict.to_dict()


@pytest.fixture(scope='module')
def images(tmp_path_factory):
    """Files of odd sizes and every kind of pixels."""
    folder = tmp_path_factory.mktemp('images')
    rng = np.random.default_rng(0)
    for width, height in [(61, 47), (1, 9), (203, 101), (160, 1)]:
        image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / f'{width}.png'), image)
    cv2.imwrite(str(folder / 'grey.png'), image[..., 0])
    deep = rng.integers(0, 65536, (31, 45, 3), dtype=np.uint16)
    cv2.imwrite(str(folder / 'deep.png'), deep)
    alpha = rng.integers(0, 256, (31, 45, 4), dtype=np.uint8)
    cv2.imwrite(str(folder / 'alpha.png'), alpha)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned by a quarter
    Image.fromarray(alpha[..., :3]).save(folder / 'turned.jpg', exif=exif)
    return sorted(folder.iterdir())


@pytest.mark.parametrize('path', CONFIGS)
def test_pixels_are_those_of_own_transforms(path, images):
    pipeline = read_config(path).test_dataloader.dataset.pipeline
    # Configs that share a pipeline need not all run it.
    if str(pipeline) in _run:
        return
    _run.add(str(pipeline))
    own_names = deepcopy(pipeline)
    own_names[0].type = 'LoadImage'
    if pipeline[1].type == 'Resize' and 'scale_factor' in pipeline[1]:
        assert own_names[1].pop('keep_ratio') is True
        own_names[1].type = 'ResizeToScale'
    ours, theirs = Compose(own_names), Compose(pipeline)
    for image in images:
        expected, given = (
            run({'img_path': str(image)}) for run in (ours, theirs)
        )
        assert torch.equal(given['inputs'], expected['inputs'])
        assert str(given['data_samples'].metainfo) == str(
            expected['data_samples'].metainfo
        )


_run: set[str] = set()


@pytest.mark.parametrize('path', CONFIGS)
def test_inferencer_takes_the_test_pipeline(path):
    cfg = read_config(path)
    first = cfg.test_dataloader.dataset.pipeline[0]
    assert first.type == 'LoadImageFromFile'
    # Boxes are drawn on the pixels as they are stored.
    assert first.color_type == 'color_ignore_orientation'
    pipeline = object.__new__(DetInferencer)._init_pipeline(cfg)
    assert type(pipeline.transforms[0]).__name__ == 'InferencerLoader'


@pytest.mark.nightly
@pytest.mark.parametrize('name', BACKBONES)
def test_backbone_trains_and_mines(name, tiny, tmp_path):
    cfg = read_config(f'configs/hcm/{name}')
    without_weights(cfg.model)
    # The backbone stays as it is; what is behind it may shrink.
    slim = {**SLIM_TWO_STAGE, 'neck': {'out_channels': 16}}
    cfg.merge_from_dict({'model': {**slim, 'rpn_head': SLIM_HEAD}})
    cfg.model.roi_head.bbox_head.update(SLIM_ROI)
    small_chips(cfg)
    # Before the only iteration.
    mine_little(cfg, epoch=0, num_canvases=1)
    runner = tiny_runner(cfg, tiny, tmp_path)
    assert_trains(runner)
    assert find_chip_dataset(runner.train_dataloader.dataset).num_hard > 0


@pytest.mark.parametrize('path', CONFIGS)
def test_rates_are_scaled_from_the_batch_they_are_for(path):
    cfg = read_config(path)
    name = path.rpartition('/')[2].rpartition('_')[0]
    if path.startswith('configs/'):
        scale = dict(enable=True, base_batch_size=BATCHES.get(name, 16))
        assert cfg.auto_scale_lr == scale
    elif cfg.get('auto_scale_lr', dict(enable=False))['enable']:
        # Rates of the studies are for their own batch, on one process.
        batch_size = cfg.train_dataloader.batch_size
        assert cfg.auto_scale_lr.base_batch_size == batch_size
