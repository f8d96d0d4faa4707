# RRNet: CenterNet on a two-stack hourglass, with a second regression. Its head
# drops ignored instances, so their pixels are masked.
_base_ = [
    'mmdet::cornernet/cornernet_hourglass104_8xb6-210e-mstest_coco.py',
    '_base_/visdrone.py',
    '../_base_/project_runtime.py',
]
data_root = _base_.visdrone_root
default_hooks = _base_.project_hooks

max_per_img = 500
model = dict(
    type='SingleStageDetector',
    # The hourglass halves the map of stride 4 five times.
    data_preprocessor=dict(pad_size_divisor=128),
    bbox_head=dict(
        _delete_=True,
        type='RRNetHead',
        num_classes=10,
        num_proposals=1500,
        refine_from=2000,
    ),
    test_cfg=dict(
        _delete_=True,
        # The IoU of two boxes without area is no number.
        min_bbox_size=0,
        nms=dict(type='soft_nms', method='gaussian', min_score=0.01),
        max_per_img=max_per_img,
    ),
)
# Over all processes.
sync_bn = 'torch'

image_scales = [1.0, 1.15, 1.25, 1.35, 1.5]
train_pipeline = [
    *_base_.visdrone_load,
    dict(
        type='RandomChoice',
        transforms=[
            [dict(type='ResizeToScale', scale_factor=scale)]
            for scale in image_scales
        ],
    ),
    dict(
        type='RandomCrop',
        crop_size=(512, 512),
        allow_negative_crop=True,
        bbox_clip_border=False,
    ),
    dict(type='IgnoreCutObjects', min_visible=0.5),
    dict(type='MaskIgnoredInstances', color=_base_.visdrone_mean),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackDetInputs'),
]
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='ResizeToScale', scale_factor=1.0),
    dict(type='PackDetInputs', meta_keys=_base_.visdrone_meta_keys),
]
train_dataloader = dict(
    batch_size=4,
    # 100 epochs of 5 passes, 8 processes: 101,000 iterations.
    dataset=dict(
        _delete_=True,
        type='RepeatDataset',
        times=5,
        dataset=dict(pipeline=train_pipeline, **_base_.visdrone_train),
    ),
)
val_dataloader = dict(
    dataset=dict(_delete_=True, pipeline=test_pipeline, **_base_.visdrone_val)
)
test_dataloader = val_dataloader
val_evaluator = dict(_delete_=True, **_base_.visdrone_evaluator)
test_evaluator = val_evaluator

max_epochs = 100
train_cfg = dict(max_epochs=max_epochs, val_interval=5)
optim_wrapper = dict(
    _delete_=True,
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=0.00025),
)
param_scheduler = [
    dict(type='MultiStepLR', milestones=[60, 80], gamma=0.1, by_epoch=True)
]
# 8 processes x 4 crops.
auto_scale_lr = dict(base_batch_size=32)

# The boxes of six scales together, in one soft-NMS.
tta_model = dict(
    _delete_=True,
    type='MultiScaleTTA',
    method='soft_nms_gaussian',
    merge_cfg=dict(min_score=0.01),
    view_test_cfg=dict(nms=dict(type='nms', iou_threshold=0.7)),
    max_per_img=max_per_img,
)
tta_pipeline = [
    dict(type='LoadImage'),
    dict(
        type='ViewsOfImage',
        transforms=[
            [
                dict(type='ResizeToScale', scale_factor=scale)
                for scale in (1.0, 1.1, 1.2, 1.3, 1.4, 1.5)
            ],
            [dict(type='PackDetInputs', meta_keys=_base_.visdrone_meta_keys)],
        ],
    ),
]
