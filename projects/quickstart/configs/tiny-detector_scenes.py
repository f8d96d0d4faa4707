# A detector that one CPU core trains in minutes, on the rendered scenes.
_base_ = [
    '../../../configs/_base_/models/faster-rcnn_r101_fpn.py',
    '../../../configs/_base_/datasets/visdrone_chips.py',
    '../../../configs/_base_/default_runtime.py',
]

data_root = 'work_dirs/quickstart/data'
cache_dir = 'work_dirs/quickstart/cache'
num_threads = 1

# ResNet-18 of a quarter of its channels, up to its third stage: objects are
# small.
channels = 16
neck_channels = 48
model = dict(
    backbone=dict(
        depth=18,
        base_channels=channels,
        stem_channels=channels,
        num_stages=3,
        strides=(1, 2, 2),
        dilations=(1, 1, 1),
        out_indices=(0, 1, 2),
        frozen_stages=-1,
        norm_cfg=dict(type='BN', requires_grad=True),
        norm_eval=False,
        style='pytorch',
        init_cfg=None,
    ),
    neck=dict(
        in_channels=[channels, 2 * channels, 4 * channels],
        out_channels=neck_channels,
        num_outs=3,
    ),
    rpn_head=dict(
        in_channels=neck_channels,
        feat_channels=neck_channels,
        anchor_generator=dict(
            scales=[5], ratios=[0.5, 1.0, 2.0], strides=[4, 8, 16]
        ),
    ),
    roi_head=dict(
        bbox_roi_extractor=dict(
            type='BagRoIExtractor',
            out_channels=neck_channels,
            featmap_strides=[4, 8, 16],
        ),
        bbox_head=dict(in_channels=neck_channels, fc_out_channels=128),
    ),
    train_cfg=dict(
        rpn_proposal=dict(nms_pre=150, max_per_img=100),
        rcnn=dict(sampler=dict(num=64)),
    ),
    test_cfg=dict(
        rpn=dict(nms_pre=500, max_per_img=400),
        rcnn=dict(score_thr=0.02),
    ),
)

# The images' own scale for all but the largest objects, and half of it.
chip_size = 192
scales = [
    dict(window=192, valid_range=(0, 96), stride=24),
    dict(window=384, valid_range=(64, None), stride=48),
]
test_scale = 1.0
# 3 + 5 epochs of 100 iterations.
train_dataloader = dict(
    batch_size=8,
    num_workers=0,
    persistent_workers=False,
    sampler=dict(num_samples=800),
)
val_dataloader = dict(num_workers=0, persistent_workers=False)
test_dataloader = val_dataloader

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
    optimizer=dict(type='AdamW', lr=0.002, weight_decay=0.01),
    clip_grad=dict(max_norm=10),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=30),
    dict(
        type='CosineAnnealingLR',
        T_max=max_epochs,
        # Of both stages, also where a run is to end with the first.
        end=max_epochs,
        eta_min=0.00002,
        by_epoch=True,
        convert_to_iter_based=True,
    ),
]
default_hooks = dict(
    checkpoint=dict(max_keep_ckpts=-1, interval=1, save_best=None),
    logger=dict(interval=25),
    channels_last=dict(type='ChannelsLastHook'),
    one_dnn=dict(type='OneDnnHook'),
)
