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

# Whole images at the scale of the test.
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='MaskIgnoredRegions', color=_base_.mean_color),
    dict(type='ResizeToScale', scale_factor=1.5),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackDetInputs'),
]
train_dataloader = dict(
    dataset=dict(scales=None, pipeline=train_pipeline),
)
