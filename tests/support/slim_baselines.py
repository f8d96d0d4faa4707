"""The baselines with the same modules as at full size, but small ones."""

from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.runner import Runner

from tests.support.configs import dicts, without_weights
from tests.support.tiny_run import unique_names

FPN, CASCADE, RETINA, CORNER, CENTER, HRNET = BASELINES = [
    'faster-rcnn_r50_fpn',
    'cascade-rcnn_r50_fpn',
    'retinanet_r50_fpn',
    'cornernet_hourglass104',
    'centernet_r18-dcnv2',
    'faster-rcnn_hrnetv2p-w32',
]
SYSTEMS = [
    LIGHT_HEAD,
    RFCN,
    SGE,
    DETNET,
    RETINA_HRNET,
    SSD,
    YOLOV3,
    YOLOX,
    SNIP,
    AUTOFOCUS,
] = [
    'light-head-rcnn_r101',
    'rfcn_r101',
    'sge-cascade-rcnn_r50_fpn',
    'faster-rcnn_detnet59_fpn',
    'retinanet_hrnetv2p-w32',
    'ssd512_vgg16',
    'yolov3_d53',
    'yolox_s',
    'faster-rcnn_r101_fpn_snip',
    'faster-rcnn_r101_fpn_autofocus',
]
REFINE_320, REFINE_512, RRNET = [
    'refinedet320_vgg16',
    'refinedet512_vgg16',
    'rrnet_hourglass104',
]
# Their assigners, where they have any, cannot ignore: pixels are masked.
MASKED = {CORNER, CENTER, RRNET, YOLOV3, YOLOX}
BASELINES += [*SYSTEMS, REFINE_320, REFINE_512, RRNET]

# The same modules, smaller.
SLIM_RESNET = {'depth': 18, 'base_channels': 16, 'stem_channels': 16}
SLIM_FPN = {'in_channels': [16, 32, 64, 128], 'out_channels': 16}
SLIM_HEAD = {'in_channels': 16, 'feat_channels': 16}
SLIM_ROI = {'in_channels': 16, 'fc_out_channels': 32}
SLIM_TWO_STAGE = {
    'neck': SLIM_FPN,
    'rpn_head': SLIM_HEAD,
    'roi_head': {'bbox_roi_extractor': {'out_channels': 16}},
    'train_cfg': {'rpn_proposal': {'max_per_img': 50}},
    'test_cfg': {'rpn': {'max_per_img': 50}},
}
SLIM_HRNET = {
    'extra': {
        'stage1': {'num_blocks': (1,), 'num_channels': (8,)},
        'stage2': {'num_blocks': (1, 1), 'num_channels': (8, 8)},
        'stage3': {
            'num_modules': 1,
            'num_blocks': (1, 1, 1),
            'num_channels': (8, 8, 8),
        },
        'stage4': {
            'num_modules': 1,
            'num_blocks': (1, 1, 1, 1),
            'num_channels': (8, 8, 8, 8),
        },
    }
}
# Of bottlenecks, with 32 and 64 channels in the last two stages.
SLIM_MAPS = {
    'backbone': {'depth': 50, 'base_channels': 2, 'stem_channels': 2},
    'neck': {'in_channels': 64},
    'rpn_head': {'in_channels': 32, 'feat_channels': 16},
    'train_cfg': {'rpn_proposal': {'max_per_img': 50}},
    'test_cfg': {'rpn': {'max_per_img': 50}},
}
SLIM_HOURGLASS = {
    'downsample_times': 2,
    'stage_channels': [16, 16, 16],
    'stage_blocks': [1, 1, 1],
    'feat_channel': 16,
}
SLIM_REFINE_DET = {
    'neck': {'extra_channels': (16, 16), 'out_channels': 16},
    'bbox_head': {
        'arm_channels': (512, 512, 1024, 16),
        'odm_channels': (16, 16, 16, 16),
    },
}
SLIM = {
    REFINE_320: SLIM_REFINE_DET,
    REFINE_512: SLIM_REFINE_DET,
    RRNET: {
        'backbone': SLIM_HOURGLASS,
        'bbox_head': {'in_channels': 16, 'feat_channels': 16},
    },
    FPN: {'backbone': SLIM_RESNET, **SLIM_TWO_STAGE},
    CASCADE: {'backbone': SLIM_RESNET, **SLIM_TWO_STAGE},
    RETINA: {
        'backbone': SLIM_RESNET,
        'neck': SLIM_FPN,
        'bbox_head': {**SLIM_HEAD, 'stacked_convs': 1},
    },
    CORNER: {
        'backbone': SLIM_HOURGLASS,
        'bbox_head': {'in_channels': 16},
    },
    CENTER: {
        'backbone': {'base_channels': 8, 'stem_channels': 8},
        'neck': {'in_channels': 64, 'num_deconv_filters': (16, 16, 16)},
        'bbox_head': SLIM_HEAD,
    },
    HRNET: {
        'backbone': SLIM_HRNET,
        **SLIM_TWO_STAGE,
        'neck': {'in_channels': [8, 8, 8, 8], 'out_channels': 16},
    },
    LIGHT_HEAD: {
        **SLIM_MAPS,
        'neck': {'in_channels': 64, 'mid_channels': 8},
        'roi_head': {'bbox_head': {'fc_out_channels': 32}},
    },
    RFCN: {**SLIM_MAPS, 'neck': {'in_channels': 64, 'feat_channels': 16}},
    SGE: {
        # 64 groups of one to eight channels.
        'backbone': {'base_channels': 16, 'stem_channels': 16},
        **SLIM_TWO_STAGE,
        'neck': {'in_channels': [64, 128, 256, 512], 'out_channels': 16},
    },
    DETNET: {
        'backbone': {'base_channels': 8, 'stem_channels': 8},
        **SLIM_TWO_STAGE,
        'neck': {'in_channels': [32, 64, 128, 128, 128], 'out_channels': 16},
    },
    RETINA_HRNET: {
        'backbone': SLIM_HRNET,
        'neck': {'in_channels': [8, 8, 8, 8], 'out_channels': 16},
        'bbox_head': {**SLIM_HEAD, 'stacked_convs': 1},
    },
    SSD: {
        # The first four of seven levels, for images of 64 pixels.
        'backbone': {'depth': 11, 'out_feature_indices': (14, 24)},
        'neck': {
            'out_channels': (512, 1024, 32, 32),
            'level_strides': (2, 2),
            'level_paddings': (1, 1),
            'last_kernel_size': 3,
        },
        'bbox_head': {
            'in_channels': (512, 1024, 32, 32),
            'anchor_generator': {
                'strides': [8, 16, 32, 64],
                'ratios': [[2], [2, 3], [2, 3], [2]],
            },
        },
    },
    # Darknet has one size.
    YOLOV3: {},
    YOLOX: {
        'data_preprocessor': {'batch_augments': None},
        'backbone': {'deepen_factor': 0.33, 'widen_factor': 0.125},
        'neck': {'in_channels': [32, 64, 128], 'out_channels': 32},
        'bbox_head': {'in_channels': 32, 'feat_channels': 32},
    },
    SNIP: {'backbone': SLIM_RESNET, **SLIM_TWO_STAGE},
    AUTOFOCUS: {
        'backbone': SLIM_RESNET,
        **SLIM_TWO_STAGE,
        'rpn_head': {**SLIM_HEAD, 'focus': {'feat_channels': 16}},
    },
}


def slim_model(cfg: Config, name: str) -> None:
    """Shrink a baseline's model, without initial weights."""
    cfg.merge_from_dict({'model': SLIM[name]})
    model = cfg.model
    heads = model.get('roi_head', {}).get('bbox_head', [])
    for head in heads if isinstance(heads, list) else [heads]:
        if head.get('type') in ('Shared2FCBBoxHead', 'ConvFCBBoxHead'):
            head.update(SLIM_ROI)
    without_weights(model)


def small_chips(cfg: Config, num_samples: int = 2) -> None:
    """Cut chips of 64 pixels, found anew, out of images of 112 x 80."""
    train_set = cfg.train_dataloader.dataset
    train_set.update(
        scales=[
            {'window': 48, 'valid_range': (0, 16), 'stride': 8},
            {'window': 80, 'valid_range': (12, None), 'stride': 16},
        ],
        chip_size=64,
        cache_dir=None,
        partial_decoding=False,
    )
    train_set.pipeline[3].chip_size = 64
    cfg.train_dataloader.sampler.num_samples = num_samples


def mine_little(cfg: Config, epoch: int = 1, **canvases: int) -> None:
    """Mine once on few canvases, whatever little the detector says."""
    hook = cfg.default_hooks.mining
    hook.update(epochs=[epoch], dataloader={'num_workers': 0})
    hook.canvases.update({'num_canvases': 2, 'num_pastes': 2, **canvases})
    if hook.metric.type == 'HardChipMetric':
        hook.metric.score_thr = 0.0
    hook.pool.update(num_workers=1, min_size=4, cache_dir=None)


def small_input(values: Any) -> None:
    """Resize and crop for images of 112 x 80 pixels."""
    for part in dicts(values):
        kind = part.get('type')
        if kind == 'Resize' and 'scale' in part:
            part['scale'] = (64, 64) if part['scale'][1] < 600 else (112, 80)
        elif kind == 'RandomResize':
            part['scale'] = [(64, 64), (96, 96)]
        elif kind in ('Mosaic', 'MixUp'):
            part['img_scale'] = (64, 64)
        elif kind == 'RandomAffine':
            part['border'] = (-32, -32)
        elif kind == 'ResizeToScale' and 'scale_factor' in part:
            part['scale_factor'] = 1.0
        elif kind == 'ResizeToScale':
            # A crop of so few pixels may hold no object of a range.
            part['valid_range'] = (0, float('inf'))
        elif kind == 'RandomCrop' or (
            kind == 'RandomCenterCropPad' and not part.get('test_mode')
        ):
            part['crop_size'] = (64, 64)


def tiny_runner(
    cfg: Config,
    tiny: Path,
    work_dir: Path,
    options: dict[str, Any] | None = None,
) -> Runner:
    """Build a Runner of one epoch on one batch, and on one image."""
    for split, number in (('train', 2), ('val', 1)):
        for part in dicts(cfg[f'{split}_dataloader']['dataset']):
            if part.get('type') == 'VisDroneDataset':
                part['data_root'] = str(
                    tiny / 'data' / f'VisDrone2019-DET-{split}'
                )
                part['indices'] = number
            elif part.get('type') == 'RepeatDataset':
                part['times'] = 1
    cfg.test_dataloader = cfg.val_dataloader
    for split in ('train', 'val', 'test'):
        cfg[f'{split}_dataloader'].update(
            num_workers=0, persistent_workers=False
        )
    cfg.train_dataloader.batch_size = 2
    cfg.merge_from_dict(
        {
            **unique_names(),
            'work_dir': str(work_dir),
            'log_level': 'WARNING',
            'num_threads': 1,
            'train_cfg.max_epochs': 1,
            'train_cfg.val_interval': 9,
            'default_hooks.checkpoint': None,
            **(options or {}),
        }
    )
    return Runner.from_cfg(cfg)


def assert_trains(runner: Runner, iterations: int = 1) -> None:
    """Check that an epoch has a finite loss and changes weights."""
    before = {k: v.clone() for k, v in runner.model.named_parameters()}
    runner.train()
    assert runner.iter == iterations
    loss = runner.message_hub.get_scalar('train/loss').current()
    assert 0 < loss < float('inf')
    after = dict(runner.model.named_parameters())
    assert any((before[key] != after[key]).any() for key in before)
