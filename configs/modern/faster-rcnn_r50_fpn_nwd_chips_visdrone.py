# Faster R-CNN with assignment by NWD on normal chips.
_base_ = [
    '_base_/models/faster-rcnn_r50_fpn_nwd.py',
    '../_base_/datasets/visdrone_chips.py',
    '../_base_/schedules/schedule_24e.py',
    '../_base_/default_runtime.py',
]

# Objects are larger on chips; anchors as fitted in faster-rcnn_r101_fpn.py.
nwd = dict(constant=54.0)
model = dict(
    rpn_head=dict(
        anchor_generator=dict(scales=[5.78, 8.35], ratios=[0.52, 1.04, 2.06])
    ),
    train_cfg=dict(
        rpn=dict(assigner=dict(iou_calculator=nwd)),
        rcnn=dict(assigner=dict(iou_calculator=nwd)),
    ),
)
optim_wrapper = dict(optimizer=dict(lr=0.01))
