"""Small images in VisDrone's layout, and a config that trains on them."""

from pathlib import Path

import numpy as np
from mmengine.config import Config

from tests.support.scene_folders import write_visdrone

CONFIG = """
data_root = '{root}'
default_scope = 'mmdet'
custom_imports = dict(imports=['mmhcm.datasets', 'mmhcm.engine'])
work_dir = '{root}/work'
randomness = dict(seed=3)
scales = [
    dict(window=64, valid_range=(0, 16)),
    dict(window=128, valid_range=(12, float('inf'))),
]
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='MaskIgnoredRegions'),
    dict(type='PasteObjects'),
    dict(type='CropChip', chip_size=96),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackDetInputs'),
]
train_dataloader = dict(
    batch_size=1,
    num_workers=0,
    sampler=dict(type='ChipSampler', hard_ratio=0.25),
    dataset=dict(
        type='ChipDataset',
        dataset=dict(
            type='VisDroneDataset', data_root=data_root + '/train'
        ),
        scales=scales,
        chip_size=96,
        pipeline=train_pipeline,
    ),
)
test_pipeline = [
    dict(type='LoadImageFromFile', color_type='color_ignore_orientation'),
    dict(type='Resize', scale_factor=1.0, keep_ratio=True),
    dict(type='PackDetInputs'),
]
val_dataloader = dict(
    batch_size=1,
    num_workers=0,
    dataset=dict(
        type='VisDroneDataset',
        data_root=data_root + '/train',
        test_mode=True,
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader
default_hooks = dict(
    mining=dict(
        type='HardChipMiningHook',
        epochs=[1],
        canvases=dict(num_pastes=4),
        pool=dict(min_size=4, num_workers=1),
    )
)
model = dict(
    type='RetinaNet',
    data_preprocessor=dict(
        type='DetDataPreprocessor', pad_size_divisor=32
    ),
    backbone=dict(
        type='ResNet',
        depth=18,
        num_stages=2,
        strides=(1, 2),
        dilations=(1, 1),
        out_indices=(0, 1),
    ),
    neck=dict(
        type='FPN', in_channels=[64, 128], out_channels=16, num_outs=2
    ),
    bbox_head=dict(
        type='RetinaHead',
        num_classes=10,
        in_channels=16,
        feat_channels=16,
        stacked_convs=1,
        anchor_generator=dict(
            type='AnchorGenerator',
            scales=[4],
            ratios=[0.5, 1.0, 2.0],
            strides=[4, 8],
        ),
    ),
    test_cfg=dict(
        nms_pre=100,
        score_thr=0.0,
        nms=dict(type='nms', iou_threshold=0.5),
        max_per_img=20,
    ),
)
"""


def write_tiny_visdrone(root: Path, num_images: int = 8) -> Path:
    """Write images, annotations and the config; return the config's path."""
    rng = np.random.default_rng(0)
    pictures, texts = {}, {}
    for number in range(num_images):
        image = rng.integers(90, 120, (160, 200, 3)).astype(np.uint8)
        rows = []
        for ind in range(10):
            # cars are four times as frequent as each of the other classes
            category = 4 if ind < 8 else 1 + (number + ind) % 10
            width, height = rng.integers(6, 30, 2).tolist()
            left = int(rng.integers(0, 200 - width))
            top = int(rng.integers(0, 120 - height))
            color = rng.integers(0, 256, 3).tolist()
            image[top : top + height, left : left + width] = color
            rows.append(f'{left},{top},{width},{height},1,{category},0,0')
        rows.append('150,130,50,30,0,0,0,0')  # an ignored region
        rows.append('10,130,20,12,1,11,0,0')  # another object
        pictures[f'{number:03d}'] = image
        texts[f'{number:03d}'] = '\n'.join(rows) + '\n'
    write_visdrone(root / 'train', texts, pictures=pictures)
    config = root / 'tiny.py'
    config.write_text(CONFIG.format(root=root))
    return config


def use_whole_images(cfg: Config) -> None:
    """Let a config train on flipped images in place of chips."""
    cfg.train_dataloader.dataset.update(
        scales=None,
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='LoadAnnotations', with_bbox=True),
            dict(type='RandomFlip', prob=1.0),
            dict(type='PackDetInputs'),
        ],
    )
