# A detector that two CPU cores train in minutes, on the rendered scenes.
_base_ = [
    '../../../configs/_base_/models/faster-rcnn_r101_fpn.py',
    '../../../configs/_base_/datasets/visdrone_chips.py',
    '../../../configs/_base_/default_runtime.py',
]

data_root = 'work_dirs/quickstart/data'
cache_dir = 'work_dirs/quickstart/cache'
num_threads = 2

model = dict(
    backbone=dict(
        depth=18,
        base_channels=32,
        stem_channels=32,
        frozen_stages=-1,
        norm_cfg=dict(type='BN', requires_grad=True),
        norm_eval=False,
        style='pytorch',
        init_cfg=None,
    ),
    neck=dict(in_channels=[32, 64, 128, 256], out_channels=64, num_outs=4),
    rpn_head=dict(
        in_channels=64,
        feat_channels=64,
        anchor_generator=dict(
            scales=[6], ratios=[0.5, 1.0, 2.0], strides=[4, 8, 16, 32]
        ),
    ),
    roi_head=dict(
        bbox_roi_extractor=dict(out_channels=64, featmap_strides=[4, 8, 16]),
        bbox_head=dict(in_channels=64, fc_out_channels=256),
    ),
    train_cfg=dict(
        rpn_proposal=dict(nms_pre=500, max_per_img=300),
        rcnn=dict(sampler=dict(num=128)),
    ),
    test_cfg=dict(
        rpn=dict(nms_pre=1500, max_per_img=1500),
        rcnn=dict(score_thr=0.02),
    ),
)

chip_size = 256
scales = [
    dict(window=128, valid_range=(0, 32), stride=16),
    dict(window=256, valid_range=(22, 80), stride=32),
    dict(window=512, valid_range=(56, None), stride=64),
]
train_pipeline = [
    dict(type='LoadChipImage'),
    dict(type='MaskIgnoredRegions'),
    dict(type='PasteObjects'),
    dict(type='CropChip', chip_size=chip_size),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackChipInputs'),
]
train_dataloader = dict(
    batch_size=4,
    num_workers=0,
    persistent_workers=False,
    sampler=dict(num_samples=300),
    dataset=dict(
        dataset=dict(data_root=data_root + '/VisDrone2019-DET-train'),
        scales=scales,
        chip_size=chip_size,
        cache_dir=cache_dir,
        pipeline=train_pipeline,
    ),
)
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='ResizeToScale', scale_factor=1.5),
    dict(type='PackDetInputs', meta_keys=_base_.test_meta_keys),
]
val_dataloader = dict(
    num_workers=0,
    persistent_workers=False,
    dataset=dict(
        data_root=data_root + '/VisDrone2019-DET-val', pipeline=test_pipeline
    ),
)
test_dataloader = val_dataloader
tta_pipeline = [
    dict(type='LoadImage'),
    dict(
        type='ViewsOfImage',
        transforms=[
            [
                dict(
                    type='ResizeToScale',
                    chip_size=chip_size,
                    window=scale['window'],
                    valid_range=scale['valid_range'],
                )
                for scale in scales
            ],
            [dict(type='PackChipInputs', meta_keys=_base_.test_meta_keys)],
        ],
    ),
]

max_epochs = 8
# Tested by itself afterwards, so not validated in between.
train_cfg = dict(
    type='EpochBasedTrainLoop', max_epochs=max_epochs, val_interval=100
)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='OptimWrapper',
    # From random weights, in few iterations: AdamW gets there sooner.
    optimizer=dict(type='AdamW', lr=0.001, weight_decay=0.01),
    clip_grad=dict(max_norm=10),
)
# The rate falls at the end of each stage and starts again between them.
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=40),
    dict(type='MultiStepLR', milestones=[3, 7], gamma=0.1, by_epoch=True),
    dict(type='MultiStepLR', milestones=[4], gamma=10, by_epoch=True),
]
default_hooks = dict(
    checkpoint=dict(max_keep_ckpts=-1, interval=4, save_best=None),
    logger=dict(interval=25),
)
