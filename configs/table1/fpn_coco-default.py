# FPN with the anchors that MMDetection sets for COCO, on whole images.
_base_ = [
    '../_base_/models/faster-rcnn_r101_fpn.py',
    '../_base_/datasets/visdrone_chips.py',
    '../_base_/schedules/schedule_24e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    rpn_head=dict(anchor_generator=dict(scales=[8], ratios=[0.5, 1.0, 2.0]))
)

# Whole images at the scale of the test, for which the next row's anchors are
# fitted; a larger one would take more memory than most GPUs have.
test_scale = 1.5
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='MaskIgnoredRegions', color=_base_.mean_color),
    dict(type='ResizeToScale', scale_factor=test_scale),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackDetInputs'),
]
train_dataloader = dict(
    dataset=dict(scales=None, pipeline=train_pipeline),
)
test_pipeline = [
    dict(type='LoadImageFromFile', color_type='color_ignore_orientation'),
    dict(type='Resize', scale_factor=test_scale, keep_ratio=True),
    dict(type='PackDetInputs', meta_keys=_base_.test_meta_keys),
]
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
slice_model = dict(
    slices=[dict(window=640, overlap=0.2, scale_factor=test_scale)]
)
