# Cascade R-CNN with ConvNeXt-S on normal chips.
_base_ = [
    '_base_/models/cascade-rcnn_convnext-s.py',
    '../_base_/datasets/visdrone_chips.py',
    '../_base_/schedules/schedule_24e.py',
    '../_base_/default_runtime.py',
]

# The anchors that were fitted to these chips, as in faster-rcnn_r101_fpn.py.
model = dict(
    rpn_head=dict(
        anchor_generator=dict(scales=[5.78, 8.35], ratios=[0.52, 1.04, 2.06])
    )
)
optim_wrapper = _base_.convnext_optimizer
