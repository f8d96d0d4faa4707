# Chips that cover the objects instead of random crops, with their anchors.
_base_ = '../hcm/faster-rcnn_r101_fpn_chips_visdrone.py'

model = dict(
    rpn_head=dict(
        anchor_generator=dict(scales=[4.27, 6.11], ratios=[0.53, 1.04, 2.03])
    )
)
