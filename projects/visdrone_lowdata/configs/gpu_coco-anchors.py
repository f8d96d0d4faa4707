# Row 1 at the size of one GPU, and the settings of all rows of that size.
# Every other row inherits one row and changes one decision.
_base_ = [
    '../../../configs/_base_/models/faster-rcnn_r101_fpn.py',
    '../../../configs/_base_/datasets/visdrone_chips.py',
    '../../../configs/_base_/schedules/schedule_24e.py',
    '../../../configs/_base_/default_runtime.py',
]

model = dict(
    backbone=dict(
        depth=50,
        init_cfg=dict(checkpoint='open-mmlab://detectron2/resnet50_caffe'),
    ),
    rpn_head=dict(anchor_generator=dict(scales=[8], ratios=[0.5, 1.0, 2.0])),
)

# Random crops of the images, as many pixels as a chip, at the test scale.
crop_size = 640
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='MaskIgnoredRegions'),
    dict(type='ResizeToScale', scale_factor=_base_.test_scale),
    dict(
        type='RandomCrop',
        crop_size=(crop_size, crop_size),
        allow_negative_crop=True,
    ),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackDetInputs'),
]
# 24 epochs of 210 iterations of 16 samples.
train_dataloader = dict(
    batch_size=16,
    num_workers=12,
    sampler=dict(num_samples=3360),
    dataset=dict(scales=None, chip_size=crop_size, pipeline=train_pipeline),
)
train_cfg = dict(val_interval=24)
param_scheduler = [
    dict(
        type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=500
    ),
    dict(
        type='MultiStepLR',
        milestones=[8, 11, 20, 23],
        gamma=0.1,
        by_epoch=True,
    ),
    dict(type='MultiStepLR', milestones=[12], gamma=100, by_epoch=True),
]
optim_wrapper = dict(
    type='AmpOptimWrapper', dtype='bfloat16', loss_scale='dynamic'
)
default_hooks = dict(checkpoint=dict(save_best=None, interval=12))
