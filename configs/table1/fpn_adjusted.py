# Anchors fitted by tools/fit.py to the 6,471 training annotations, in
# pixels of these inputs.
_base_ = 'fpn_coco-default.py'

model = dict(
    rpn_head=dict(
        anchor_generator=dict(scales=[4.27, 6.11], ratios=[0.53, 1.04, 2.03])
    )
)
