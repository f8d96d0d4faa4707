"""A tiny data set and config that go through a whole run in seconds."""

from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from mmengine.config import Config, ConfigDict
from mmengine.runner import Runner

from mmhcm.engine.launching.launch import set_threads
from mmhcm.engine.wrappers import unwrap
from tests.support.scene_folders import write_visdrone
from tests.support.tiny_model import MODEL

REPO = Path(__file__).parents[2]
IMAGE_WH = (112, 80)
# Every category has a colour of its own, as a BGR triple.
COLORS = np.random.default_rng(7).integers(0, 256, (12, 3))

CONFIG = (
    """
_base_ = [
    '{repo}/configs/_base_/models/faster-rcnn_r101_fpn.py',
    '{repo}/configs/_base_/datasets/visdrone_chips.py',
    '{repo}/configs/_base_/default_runtime.py',
]
data_root = '{root}/data'
cache_dir = '{root}/cache'
num_threads = 1
"""
    + MODEL
    + """\
chip_size = 64
scales = [
    dict(window=48, valid_range=(0, 16), stride=8),
    dict(window=80, valid_range=(12, None), stride=16),
]
test_scale = 1.0
train_dataloader = dict(
    batch_size=2,
    num_workers=0,
    persistent_workers=False,
    sampler=dict(num_samples=4),
    dataset=dict(dataset=dict(serialize_data=False)),
)
val_dataloader = dict(
    num_workers=0,
    persistent_workers=False,
    dataset=dict(serialize_data=False),
)
test_dataloader = val_dataloader
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=2, val_interval=2)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=0.0001),
    clip_grad=dict(max_norm=10),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=3),
    dict(type='MultiStepLR', milestones=[2], gamma=0.1, by_epoch=True),
]
default_hooks = dict(
    mining=dict(
        type='HardChipMiningHook',
        epochs=[1],
        canvases=dict(num_canvases=2, num_pastes=3),
        metric=dict(type='HardChipMetric', score_thr=0.05),
        pool=dict(min_size=3),
        dataloader=dict(num_workers=0),
    )
)
"""
)


def write_tiny_run(root: Path) -> Path:
    """Write data in VisDrone's layout and a config; return its path."""
    rng = np.random.default_rng(0)
    for split, num_images in (('train', 3), ('val', 2)):
        pictures, texts = {}, {}
        for number in range(num_images):
            # The last image has objects at its left end only.
            is_last = number == num_images - 1
            lefts = (2,) if is_last else (2, 30, 58, 86)
            image, rows = _draw_image(rng, lefts)
            pictures[f'{split}_{number}'] = image
            texts[f'{split}_{number}'] = '\n'.join(rows) + '\n'
        folder = root / 'data' / f'VisDrone2019-DET-{split}'
        write_visdrone(folder, texts, pictures=pictures)
    config = root / 'tiny.py'
    config.write_text(CONFIG.format(repo=REPO, root=root))
    return config


def _draw_image(
    rng: np.random.Generator, lefts: tuple[int, ...]
) -> tuple[np.ndarray, list[str]]:
    """Rectangles on noise, each category in its colour; their rows."""
    width, height = IMAGE_WH
    image = rng.integers(90, 110, (height, width, 3)).astype(np.uint8)
    rows = ['88,60,24,20,0,0,0,0']  # an ignored region
    for left in lefts:
        for top in (2, 31):
            category = int(rng.integers(1, 11))
            w, h = rng.integers(8, 26, 2).tolist()
            image[top : top + h, left : left + w] = COLORS[category]
            rows.append(f'{left},{top},{w},{h},1,{category},0,0')
    rows.append('4,62,10,10,0,4,0,0')  # an ignored object
    return image, rows


def tiny_config(
    config: Path, work_dir: Path, options: dict[str, Any] | None = None
) -> Config:
    """Load the config with options, ready for one more Runner here."""
    # Reading it takes long; formatting its text longer than training.
    cfg = Config(
        deepcopy(_read(config)), filename=str(config), format_python_code=False
    )
    cfg.work_dir = str(work_dir)
    cfg.merge_from_dict(unique_names())
    for key, value in (options or {}).items():
        cfg.merge_from_dict({key: value})
    return cfg


@cache
def _read(config: Path) -> ConfigDict:
    return Config.fromfile(config)._cfg_dict


def unique_names() -> dict[str, str]:
    """Options that keep Runners of one process apart.

    MMEngine finds message hubs and visualizers by name, and Runners that
    start in the same second share one.
    """
    name = f'tiny_{uuid4().hex}'
    return {'experiment_name': name, 'visualizer.name': name}


def build_tiny_runner(cfg: Config) -> Runner:
    """Build the Runner, without a log on the screen."""
    cfg.log_level = 'WARNING'
    set_threads(cfg)
    return Runner.from_cfg(cfg)


def state_of(runner: Runner) -> dict[str, Any]:
    """Copy the weights and buffers of the runner's model."""
    state = unwrap(runner.model).state_dict()
    return {name: tensor.clone() for name, tensor in state.items()}
