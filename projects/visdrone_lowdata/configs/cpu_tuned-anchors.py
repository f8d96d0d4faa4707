# Row 2: anchors fitted to the training objects (tools/fit.py, on the
# chips of row 3).
_base_ = 'cpu_coco-anchors.py'

model = dict(
    rpn_head=dict(
        anchor_generator=dict(scales=[4.0, 5.66], ratios=[0.56, 1.13, 2.25])
    )
)
