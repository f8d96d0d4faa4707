# RRNet: CenterNet on a two-stack hourglass, with a second regression. Its head
# drops ignored instances, so their pixels are masked.
_base_ = [
    '_base_/models/rrnet_hourglass104.py',
    '_base_/visdrone_whole-images.py',
    '../_base_/default_runtime.py',
]

train_pipeline = [
    *_base_.visdrone_load,
    dict(
        type='RandomChoice',
        transforms=[
            [dict(type='ResizeToScale', scale_factor=scale)]
            for scale in (1.0, 1.15, 1.25, 1.35, 1.5)
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
    dict(type='LoadImageFromFile', color_type='color_ignore_orientation'),
    dict(type='Resize', scale_factor=1.0, keep_ratio=True),
    dict(type='PackDetInputs', meta_keys=_base_.visdrone_meta_keys),
]
train_dataloader = dict(
    batch_size=4,
    batch_sampler=None,
    # 100 epochs of 5 passes, 8 processes: 101,000 iterations.
    dataset=dict(
        _delete_=True,
        type='RepeatDataset',
        times=5,
        dataset=dict(pipeline=train_pipeline, **_base_.visdrone_train),
    ),
)
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=100, val_interval=5)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = _base_.rrnet_optimizer
param_scheduler = [
    dict(type='MultiStepLR', milestones=[60, 80], gamma=0.1, by_epoch=True)
]
auto_scale_lr = dict(enable=True, base_batch_size=16)

tta_model = _base_.rrnet_tta_model
tta_pipeline = [
    dict(type='LoadImageFromFile', color_type='color_ignore_orientation'),
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
