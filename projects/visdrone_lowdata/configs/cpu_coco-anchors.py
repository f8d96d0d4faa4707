# Row 1, and what all rows of the CPU size share: model, initial weights,
# batch, iterations, schedule, seed, test. Every other row inherits one row
# and changes one decision.
_base_ = [
    '../../../configs/_base_/models/faster-rcnn_r101_fpn.py',
    '../../../configs/_base_/datasets/visdrone_chips.py',
    '../../../configs/_base_/default_runtime.py',
]

num_threads = 1
cache_dir = 'work_dirs/cache'

# ResNet-50 up to its third stage: objects are small, and two cores have to
# train it. The weights are any Caffe-style ImageNet ResNet-50.
model = dict(
    backbone=dict(
        depth=50,
        num_stages=3,
        strides=(1, 2, 2),
        dilations=(1, 1, 1),
        out_indices=(0, 1, 2),
        frozen_stages=1,
        init_cfg=dict(checkpoint='open-mmlab://detectron2/resnet50_caffe'),
    ),
    neck=dict(in_channels=[256, 512, 1024], out_channels=96, num_outs=4),
    rpn_head=dict(
        in_channels=96,
        feat_channels=96,
        anchor_generator=dict(
            scales=[8], ratios=[0.5, 1.0, 2.0], strides=[4, 8, 16, 32]
        ),
    ),
    roi_head=dict(
        bbox_roi_extractor=dict(
            type='BagRoIExtractor',
            out_channels=96,
            featmap_strides=[4, 8, 16],
        ),
        bbox_head=dict(in_channels=96, fc_out_channels=512),
    ),
    train_cfg=dict(
        rpn_proposal=dict(nms_pre=1000, max_per_img=500),
        rcnn=dict(sampler=dict(num=128)),
    ),
    test_cfg=dict(rcnn=dict(score_thr=0.02)),
)

# Random crops of the images at their own scale, as many pixels as a chip.
crop_size = 256
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='MaskIgnoredRegions'),
    dict(
        type='RandomCrop',
        crop_size=(crop_size, crop_size),
        allow_negative_crop=True,
    ),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackDetInputs'),
]
train_dataloader = dict(
    batch_size=4,
    num_workers=0,
    persistent_workers=False,
    sampler=dict(num_samples=200),
    dataset=dict(
        scales=None,
        chip_size=crop_size,
        cache_dir=cache_dir,
        pipeline=train_pipeline,
    ),
)
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='ResizeToScale', scale_factor=1.0),
    dict(type='PackDetInputs', meta_keys=_base_.test_meta_keys),
]
test_dataloader = dict(
    num_workers=0,
    persistent_workers=False,
    dataset=dict(pipeline=test_pipeline),
)
# Tested once, when trained; MMEngine would always validate at the end, too.
val_dataloader = None
val_evaluator = None
val_cfg = None
# 10 epochs of 50 iterations of 4 samples; rows that mine do so after 6.
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=10, val_interval=99)
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=0.0001),
    clip_grad=dict(max_norm=10),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=50),
    dict(type='MultiStepLR', milestones=[8], gamma=0.1, by_epoch=True),
]
default_hooks = dict(
    checkpoint=dict(save_best=None, interval=2, max_keep_ckpts=-1),
    logger=dict(interval=25),
    channels_last=dict(type='ChannelsLastHook'),
)
