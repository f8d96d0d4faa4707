# Random crops as large as a chip instead of whole images, as many as there
# are chips.
_base_ = 'fpn_adjusted.py'

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='MaskIgnoredRegions', color=_base_.mean_color),
    dict(type='ResizeToScale', scale_factor=_base_.test_scale),
    dict(
        type='RandomCrop',
        crop_size=(_base_.chip_size, _base_.chip_size),
        allow_negative_crop=True,
    ),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackDetInputs'),
]
train_dataloader = dict(
    sampler=dict(num_samples=48973),
    dataset=dict(pipeline=train_pipeline),
)
