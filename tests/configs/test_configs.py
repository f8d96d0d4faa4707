"""Every config builds, and every backbone trains and mines."""

from copy import deepcopy
from dataclasses import replace
from functools import cache
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
from mmengine.runner import Runner
from PIL import Image

from mmhcm.datasets import build_scales, find_chip_dataset
from mmhcm.engine.checks import check_config
from mmhcm.engine.checks.pipelines import PipelineCheck
from tests.support.tiny_run import REPO, unique_names, write_tiny_run

CONFIGS = sorted(
    path.relative_to(REPO).as_posix()
    for pattern in ('configs/*/*.py', 'projects/*/configs/*.py')
    for path in REPO.glob(pattern)
    if '_base_' not in path.parts
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


@cache
def _read(path):
    return Config.fromfile(REPO / path)


def load(path):
    return deepcopy(_read(path))


def without_weights(values):
    """Drop every init_cfg that names a file, so that nothing is loaded."""
    for key, value in list(values.items()):
        if key == 'init_cfg' and value and 'checkpoint' in value:
            values[key] = None
        elif isinstance(value, dict):
            without_weights(value)
    return values


def parts(values):
    """All dicts in a config section, itself included."""
    if isinstance(values, dict):
        yield values
        for value in values.values():
            yield from parts(value)
    elif isinstance(values, list | tuple):
        for value in values:
            yield from parts(value)


def test_there_are_configs():
    names = {Path(path).name for path in CONFIGS}
    assert set(BACKBONES) < names
    assert {'tiny-detector_hcm_scenes.py', 'cpu_chips_hard.py'} < names


@pytest.mark.parametrize('path', CONFIGS)
def test_model_builds(path):
    cfg = load(path)
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
    cfg = load(path)
    loader = cfg[f'{name}_dataloader']
    if name == 'val' and loader is None:
        assert cfg.val_cfg is None
        assert cfg.val_evaluator is None
        return
    assert DATA_SAMPLERS.get(loader.sampler.type) is not None
    assert LOOPS.get(cfg[f'{name}_cfg'].type) is not None
    for part in parts(loader.dataset):
        if 'pipeline' in part:
            assert DATASETS.get(part.type) is not None
            Compose(part.pipeline)
        if part.get('scales') is not None:
            build_scales(part.scales)
    for part in parts(cfg.get(f'{name}_evaluator', [])):
        assert METRICS.build(part) is not None


@pytest.mark.parametrize('path', CONFIGS)
def test_config_and_training_pipeline_pass_their_checks(path):
    cfg = load(path)
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
    cfg = load(path)
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
def test_config_round_trips_as_text(path, monkeypatch):
    # A run keeps its config as text; an infinite number would not load.
    monkeypatch.setattr(
        'mmengine.config.config.FormatCode', lambda text, **_: (text, True)
    )
    cfg = load(path)
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
    pipeline = load(path).test_dataloader.dataset.pipeline
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
    cfg = load(path)
    first = cfg.test_dataloader.dataset.pipeline[0]
    assert first.type == 'LoadImageFromFile'
    # Boxes are drawn on the pixels as they are stored.
    assert first.color_type == 'color_ignore_orientation'
    pipeline = object.__new__(DetInferencer)._init_pipeline(cfg)
    assert type(pipeline.transforms[0]).__name__ == 'InferencerLoader'


@pytest.fixture(scope='module')
def tiny(tmp_path_factory):
    """Folder of a tiny data set, in the layout that configs default to."""
    return write_tiny_run(tmp_path_factory.mktemp('tiny')).parent


@pytest.mark.nightly
@pytest.mark.parametrize('name', BACKBONES)
def test_backbone_trains_and_mines(name, tiny, tmp_path):
    cfg = load(f'configs/hcm/{name}')
    without_weights(cfg.model)
    train_set = cfg.train_dataloader.dataset
    # One source for the scales; the method's own settings otherwise.
    scales = [
        {'window': 48, 'valid_range': (0, 16), 'stride': 8},
        {'window': 80, 'valid_range': (12, None), 'stride': 16},
    ]
    train_set.pipeline[3].chip_size = 64
    train_set.update(scales=scales, chip_size=64, cache_dir=None)
    train_set.partial_decoding = False
    train_set.dataset.data_root = str(tiny / 'data' / 'VisDrone2019-DET-train')
    cfg = Config(
        cfg._cfg_dict, filename=cfg.filename, format_python_code=False
    )
    cfg.merge_from_dict(
        {
            **unique_names(),
            'work_dir': str(tmp_path),
            'log_level': 'WARNING',
            'num_threads': 1,
            # The backbone stays as it is; what is behind it may shrink.
            'model.neck.out_channels': 32,
            'model.rpn_head.in_channels': 32,
            'model.rpn_head.feat_channels': 32,
            'model.roi_head.bbox_roi_extractor.out_channels': 32,
            'model.roi_head.bbox_head.in_channels': 32,
            'model.roi_head.bbox_head.fc_out_channels': 32,
            'model.train_cfg.rpn_proposal.max_per_img': 50,
            'model.test_cfg.rpn.max_per_img': 50,
            'train_dataloader.num_workers': 0,
            'train_dataloader.persistent_workers': False,
            'train_dataloader.sampler.num_samples': 2,
            'train_cfg.max_epochs': 1,
            'default_hooks.checkpoint': None,
            # Mine before the only iteration.
            'default_hooks.mining.epochs': [0],
            'default_hooks.mining.canvases.num_canvases': 1,
            'default_hooks.mining.canvases.num_pastes': 2,
            'default_hooks.mining.metric.score_thr': 0.01,
            'default_hooks.mining.pool.num_workers': 1,
            'default_hooks.mining.pool.min_size': 4,
            'default_hooks.mining.pool.cache_dir': None,
            'default_hooks.mining.dataloader': {'num_workers': 0},
        }
    )
    for name in ('val_cfg', 'val_dataloader', 'val_evaluator'):
        cfg[name] = None
    runner = Runner.from_cfg(cfg)
    runner.train()
    assert runner.iter == 1
    assert find_chip_dataset(runner.train_dataloader.dataset).num_hard > 0
    loss = runner.message_hub.get_scalar('train/loss').current()
    assert 0 < loss < float('inf')
