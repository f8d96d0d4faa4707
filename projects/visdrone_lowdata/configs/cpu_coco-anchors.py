# Row 1, and the settings of all rows of the CPU size: model, initial weights,
# batch, iterations, schedule, seed, test. Every other row inherits one row
# and changes one decision.
_base_ = [
    '../../../configs/_base_/models/faster-rcnn_r101_fpn.py',
    '../../../configs/_base_/datasets/visdrone_chips.py',
    '../../../configs/_base_/default_runtime.py',
]

num_threads = 1
cache_dir = 'work_dirs/cache'

# Chosen by trials.md among what a CPU can train to its end.
model = dict(
    backbone=dict(
        depth=50,
        num_stages=2,
        strides=(1, 2),
        dilations=(1, 1),
        out_indices=(0, 1),
        frozen_stages=1,
        init_cfg=dict(checkpoint='open-mmlab://detectron2/resnet50_caffe'),
    ),
    neck=dict(in_channels=[256, 512], out_channels=64, num_outs=4),
    rpn_head=dict(
        in_channels=64,
        feat_channels=64,
        anchor_generator=dict(
            scales=[8], ratios=[0.5, 1.0, 2.0], strides=[4, 8, 16, 32]
        ),
    ),
    roi_head=dict(
        bbox_roi_extractor=dict(
            type='BagRoIExtractor',
            out_channels=64,
            featmap_strides=[4, 8, 16],
        ),
        bbox_head=dict(in_channels=64, fc_out_channels=256),
    ),
    train_cfg=dict(
        rpn_proposal=dict(nms_pre=500, max_per_img=250),
        rcnn=dict(sampler=dict(num=64)),
    ),
    test_cfg=dict(
        rpn=dict(nms_pre=1500, max_per_img=1000),
        rcnn=dict(score_thr=0.02),
    ),
)

# Random crops of the images at the scale of the finer chips and of the test.
chip_size = 256
test_scale = chip_size / 192
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='MaskIgnoredRegions'),
    dict(type='ResizeToScale', scale_factor=test_scale),
    dict(
        type='RandomCrop',
        crop_size=(chip_size, chip_size),
        allow_negative_crop=True,
    ),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackDetInputs'),
]
train_dataloader = dict(
    batch_size=4,
    num_workers=0,
    persistent_workers=False,
    sampler=dict(num_samples=612),
    dataset=dict(
        scales=None,
        chip_size=chip_size,
        cache_dir=cache_dir,
        pipeline=train_pipeline,
    ),
)
test_pipeline = [
    dict(type='LoadImageFromFile', color_type='color_ignore_orientation'),
    dict(type='Resize', scale_factor=test_scale, keep_ratio=True),
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
# Scarce data: 20 epochs of 612 samples; 68 images have 727 normal chips.
max_epochs = 20
train_cfg = dict(
    type='EpochBasedTrainLoop', max_epochs=max_epochs, val_interval=99
)
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=0.0001),
    clip_grad=dict(max_norm=10),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=100),
    dict(type='MultiStepLR', milestones=[17], gamma=0.1, by_epoch=True),
]
default_hooks = dict(
    checkpoint=dict(save_best=None, interval=5, max_keep_ckpts=-1),
    logger=dict(interval=51),
    channels_last=dict(type='ChannelsLastHook'),
    one_dnn=dict(type='OneDnnHook'),
)
