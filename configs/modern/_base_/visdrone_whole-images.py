# Whole images of several sizes, tested with a long side of 1920 pixels, at
# many scales, or in slices.
_base_ = '../../baselines/_base_/visdrone_whole-images.py'

test_side = 1920
train_pipeline = [
    *_base_.visdrone_load,
    dict(
        type='RandomChoice',
        transforms=[
            [dict(type='ResizeToScale', chip_size=side)]
            for side in (1280, 1600, 1920)
        ],
    ),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackDetInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile', color_type='color_ignore_orientation'),
    dict(type='Resize', scale=(test_side, test_side), keep_ratio=True),
    dict(type='PackDetInputs', meta_keys=_base_.visdrone_meta_keys),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader

tta_pipeline = [
    dict(type='LoadImageFromFile', color_type='color_ignore_orientation'),
    dict(
        type='ViewsOfImage',
        transforms=[
            [
                dict(type='ResizeToScale', chip_size=side)
                for side in (1280, 1920, 2560)
            ],
            [dict(type='PackDetInputs', meta_keys=_base_.visdrone_meta_keys)],
        ],
    ),
]
tta_model = dict(type='MultiScaleTTA', iou_thr=0.5, max_per_img=500)

slice_pipeline = [
    dict(type='LoadImage'),
    dict(type='PackImage', meta_keys=_base_.visdrone_meta_keys),
]
slice_model = dict(
    type='SliceTTA',
    slices=[dict(window=800, overlap=0.2, scale_factor=1.25)],
    iou_thr=0.5,
    max_per_img=500,
)
# Workers would hold more decoded images, and send copies.
slice_dataloader = dict(num_workers=0, persistent_workers=False)
