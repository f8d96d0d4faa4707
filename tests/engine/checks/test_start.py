"""Mistakes of configs that end a run before its first iteration."""

import cv2
import numpy as np
import pytest
from mmdet.registry import METRICS
from mmengine.evaluator import BaseMetric
from mmengine.runner import Runner

from mmhcm.engine.checks import check_config, check_testing
from mmhcm.engine.checks.images import check_brightness, is_16_bit
from mmhcm.engine.hooks import StartCheckHook
from mmhcm.engine.launching import build_runner
from tests.support.logged import collect_warnings
from tests.support.stopping import assert_refused, train_until

TRAIN_SET = 'train_dataloader.dataset'
COCO = {'type': 'CocoMetric', 'metric': 'bbox'}
META = ('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor')
CLASSES = [f'class{number}' for number in range(10)]


@METRICS.register_module()
class MetricOfOnesOwn(BaseMetric):
    """A metric of which nothing is known."""

    default_prefix = 'own'

    def process(self, data_batch, data_samples):
        raise NotImplementedError

    def compute_metrics(self, results):
        raise NotImplementedError


def val_pipeline(*meta_keys):
    return [
        {'type': 'LoadImage'},
        {'type': 'PackDetInputs', 'meta_keys': (*META, *meta_keys)},
    ]


MISTAKES = {
    'fewer classes in the head': (
        {'model.roi_head.bbox_head.num_classes': 9},
        'model.roi_head.bbox_head.num_classes is 9, '
        'train_dataloader.dataset has 10 classes',
    ),
    'more classes in the head': (
        {'model.roi_head.bbox_head.num_classes': 11},
        'num_classes is 11, .* set it to 10',
    ),
    'other classes in validation': (
        {'val_dataloader.dataset.metainfo': {'classes': CLASSES}},
        r'val_dataloader.dataset has the classes .*class0',
    ),
    'classes that are text': (
        {f'{TRAIN_SET}.dataset.metainfo': {'classes': 'car'}},
        r"metainfo.classes must be a tuple, such as \('car',\)",
    ),
    'a metric of other classes': (
        {
            f'{TRAIN_SET}.dataset.metainfo': {'classes': CLASSES},
            'val_dataloader.dataset.metainfo': {'classes': CLASSES},
        },
        'val_evaluator: VisDroneMetric: labels must be .*CocoMetric',
    ),
    'a best checkpoint by another metric': (
        {'val_evaluator': COCO, 'test_evaluator': COCO},
        'default_hooks.checkpoint.save_best: val_evaluator has no metric '
        "'visdrone/AP'; it has coco/bbox_mAP",
    ),
    'a misspelled metric': (
        {'default_hooks.checkpoint.save_best': 'visdrone/mAp'},
        "no metric 'visdrone/mAp'; it has visdrone/AP",
    ),
    'masks without masks': (
        {
            'val_evaluator': COCO,
            'default_hooks.checkpoint.save_best': 'coco/segm_mAP',
        },
        "no metric 'coco/segm_mAP'",
    ),
    'no pipeline of validation': (
        {'val_dataloader.dataset.pipeline': []},
        'val_dataloader.dataset.pipeline: gives no inputs',
    ),
    'no path of annotations': (
        {'val_dataloader.dataset.pipeline': val_pipeline()},
        'val_evaluator: VisDroneMetric: .* add ann_path to the meta_keys',
    ),
    'no ground truth for COCO': (
        {
            'val_evaluator': COCO,
            'default_hooks.checkpoint.save_best': 'auto',
            'val_dataloader.dataset.pipeline': val_pipeline('ann_path'),
        },
        "CocoMetric: ground truth .* add 'instances' to meta_keys",
    ),
    'a test without inputs': (
        {'test_dataloader.dataset.pipeline': []},
        'test_dataloader.dataset.pipeline: gives no inputs',
    ),
    'a plain sampler': (
        {
            'train_dataloader.sampler': {
                '_delete_': True,
                'type': 'DefaultSampler',
                'shuffle': True,
            },
        },
        'train_dataloader.sampler: DefaultSampler draws the same flips .* use '
        r"dict\(type='ChipSampler'\)",
    ),
    'a pipeline that does not paste': (
        {f'{TRAIN_SET}.pipeline.2.type': 'MaskIgnoredRegions'},
        'train_dataloader.dataset.pipeline: does not paint pasted objects',
    ),
    'focus pixels without counted objects': (
        {
            'model.rpn_head.type': 'FocusRPNHead',
            'model.rpn_head.focus': {'feat_channels': 8},
        },
        'train_dataloader.dataset.pipeline: gives no ignored_but_counted',
    ),
    'attention in a frozen stage': (
        {
            'model.backbone.depth': 50,
            'model.backbone.frozen_stages': 1,
            'model.backbone.plugins': [
                {
                    'cfg': {'type': 'SpatialGroupEnhance'},
                    'stages': (True, True, True, True),
                    'position': 'after_conv3',
                }
            ],
            'model.neck.in_channels': [64, 128, 256, 512],
        },
        'model.backbone.plugins: .* in backbone.layer1.0.sge is frozen',
    ),
    'a plateau of no metric': (
        {
            'param_scheduler': [
                {'type': 'ReduceOnPlateauLR', 'monitor': 'loss'}
            ]
        },
        "ReduceOnPlateauLR.monitor: val_evaluator has no metric 'loss'",
    ),
}


@pytest.mark.parametrize('mistake', MISTAKES)
def test_a_mistake_ends_the_run_at_its_start(make_runner, mistake):
    options, message = MISTAKES[mistake]
    if 'masks' not in mistake and 'plain sampler' not in mistake:
        options = {'default_hooks.mining.epochs': [1], **options}
    assert_refused(make_runner(options), message)


VALID = {
    'as it is': {},
    'focus pixels': {
        'model.rpn_head.type': 'FocusRPNHead',
        'model.rpn_head.focus': {'feat_channels': 8},
        f'{TRAIN_SET}.pipeline.5.meta_keys': (*META, 'ignored_but_counted'),
    },
    'class means': {
        'default_hooks.checkpoint.save_best': 'visdrone/class_mean_AP50'
    },
    'the first metric': {'default_hooks.checkpoint.save_best': 'auto'},
    'COCO': {
        'val_evaluator': [{'type': 'VisDroneMetric'}, COCO],
        'default_hooks.checkpoint.save_best': 'coco/bbox_mAP_50',
    },
    'a metric of ones own': {
        'val_evaluator': {'type': 'MetricOfOnesOwn'},
        'default_hooks.checkpoint.save_best': 'own/x',
    },
    'aspect ratios': {
        'train_dataloader.batch_sampler': {'type': 'AspectRatioBatchSampler'}
    },
}


@pytest.mark.parametrize('kind', VALID)
def test_valid_configs_start(make_runner, kind):
    train_until(make_runner(VALID[kind]), iteration=0)


def test_a_test_without_images_is_a_warning(make_runner, tmp_path):
    root = str(tmp_path / 'absent')
    runner = make_runner({'test_dataloader.dataset.data_root': root})
    messages = collect_warnings(runner)
    train_until(runner, iteration=0)
    assert any(f'no folder of images at {root}' in line for line in messages)


def test_a_test_is_checked(make_runner):
    runner = make_runner({'model.roi_head.bbox_head.num_classes': 9})
    with pytest.raises(ValueError, match=r'test_dataloader\..* 10 classes'):
        runner.test()


def test_no_training_data_are_needed_for_a_test(make_runner):
    runner = make_runner({f'{TRAIN_SET}.dataset.data_root': 'nowhere'})
    assert runner.test_loop is not None
    check_testing(runner)


CONFIG_FAULTS = {
    'data_root of chips': (
        {f'{TRAIN_SET}.data_root': 'x'},
        'train_dataloader.dataset: ChipDataset takes no data_root: set '
        'train_dataloader.dataset.dataset.data_root',
    ),
    'another data set without _delete_': (
        {TRAIN_SET: {'type': 'CheckedCocoDataset', 'ann_file': 'a.json'}},
        'train_dataloader.dataset: CheckedCocoDataset takes no cache_dir, '
        'chip_size, dataset, partial_decoding, scales: .*_delete_=True',
    ),
    'a misspelled setting': (
        {f'{TRAIN_SET}.pipeline.3.chipsize': 3},
        r'train_dataloader.dataset.pipeline\[3\]: CropChip takes no chipsize',
    ),
    'a misspelled setting of a sampler': (
        {'train_dataloader.sampler.hard_share': 0.5},
        'train_dataloader.sampler: ChipSampler takes no hard_share',
    ),
    'a misspelled setting of a metric': (
        {'val_evaluator.maxdets': 5},
        'val_evaluator: VisDroneMetric takes no maxdets',
    ),
    'a misspelled setting of a hook': (
        {'default_hooks.logger.intervall': 5},
        'default_hooks.logger: LoggerHook takes no intervall',
    ),
    'mixed precision without a GPU': (
        {'optim_wrapper.type': 'AmpOptimWrapper'},
        r'AmpOptimWrapper \(--amp\) needs a GPU',
    ),
    'scaling without a base': (
        {'auto_scale_lr': {'enable': True}},
        'auto_scale_lr.enable: set auto_scale_lr.base_batch_size',
    ),
}


@pytest.mark.parametrize('fault', CONFIG_FAULTS)
def test_faults_of_a_config(make_cfg, fault, monkeypatch):
    options, message = CONFIG_FAULTS[fault]
    monkeypatch.setattr('mmhcm.engine.checks.config._DEVICES', ())
    with pytest.raises(ValueError, match=message) as info:
        check_config(make_cfg(options))
    assert 'tiny.py: ' in str(info.value)


@pytest.mark.parametrize(
    ('wrapper', 'remedy'),
    [
        ({'type': 'RepeatDataset', 'times': 2}, 'num_samples is the length'),
        (
            {'type': 'ClassBalancedDataset', 'oversample_thr': 0.1},
            'put it inside, around the data set of ChipDataset',
        ),
        ({'type': 'ConcatDataset'}, 'put it inside'),
    ],
)
def test_wrappers_around_chips(make_cfg, wrapper, remedy):
    cfg = make_cfg()
    cfg.train_dataloader.dataset = wrapped(
        wrapper, cfg.train_dataloader.dataset
    )
    with pytest.raises(ValueError, match=f'around ChipDataset: .*{remedy}'):
        check_config(cfg)


def test_a_runner_of_ones_own_refuses_repetition(make_cfg):
    cfg = make_cfg()
    cfg.train_dataloader.dataset = wrapped(
        {'type': 'RepeatDataset', 'times': 2}, cfg.train_dataloader.dataset
    )
    with pytest.raises(ValueError, match='RepeatDataset around ChipDataset'):
        Runner.from_cfg(cfg).train()


def wrapped(wrapper, dataset):
    if wrapper['type'] == 'ConcatDataset':
        return {**wrapper, 'datasets': [dataset, dataset]}
    return {**wrapper, 'dataset': dataset}


@pytest.mark.parametrize(
    'wrapper',
    [
        {'type': 'ClassBalancedDataset', 'oversample_thr': 1e-3},
        {'type': 'ConcatDataset'},
    ],
    ids=lambda wrapper: wrapper['type'],
)
def test_wrappers_inside_of_chips_train(make_cfg, wrapper):
    cfg = make_cfg({'default_hooks.checkpoint': None})
    chips = cfg.train_dataloader.dataset
    chips.dataset = wrapped(wrapper, chips.dataset)
    cfg.log_level = 'WARNING'
    check_config(cfg)
    runner = Runner.from_cfg(cfg)
    runner.train()
    assert runner.iter == 4


def test_scales_that_nothing_reads(make_cfg):
    cfg = make_cfg()
    check_config(cfg)
    cfg.scales = [{'window': 40, 'valid_range': (0, None)}]
    with pytest.raises(ValueError, match='scales: nothing reads it at the to'):
        check_config(cfg)


@pytest.mark.parametrize('suffix', ['.png', '.tif'])
@pytest.mark.parametrize(('limit', 'is_dark'), [(4095, True), (65535, False)])
def test_dark_images(tmp_path, suffix, limit, is_dark):
    values = np.linspace(0, limit, 48).reshape(4, 4, 3).astype(np.uint16)
    path = tmp_path / f'a{suffix}'
    cv2.imwrite(str(path), values)

    class Images:
        def __len__(self):
            return 1

        def get_data_info(self, _):
            return {'img_path': str(path)}

    if not is_dark:
        check_brightness(Images(), 'data')
        return
    with pytest.raises(ValueError, match=rf'data: .*a\{suffix} has 16 bits'):
        check_brightness(Images(), 'data')


@pytest.mark.parametrize('name', ['a.jpg', 'a.png', 'absent.png', 'x.tif'])
def test_other_files_are_not_dark(tmp_path, name):
    cv2.imwrite(str(tmp_path / 'a.jpg'), np.zeros((4, 4, 3), np.uint8))
    cv2.imwrite(str(tmp_path / 'a.png'), np.zeros((4, 4, 3), np.uint8))
    (tmp_path / 'x.tif').write_bytes(b'no image')
    assert not is_16_bit(str(tmp_path / name))


def test_commands_add_the_hook(make_cfg):
    cfg = make_cfg({'log_level': 'WARNING'})
    assert cfg.default_hooks.pop('start_check').type == 'StartCheckHook'
    cfg.launcher = 'none'
    hooks = build_runner(cfg).hooks
    assert sum(isinstance(hook, StartCheckHook) for hook in hooks) == 1
