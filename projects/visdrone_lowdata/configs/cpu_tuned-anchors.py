# Row 2: anchors fitted to the training objects (tools/fit_anchors.py, on the
# chips of row 3).
_base_ = 'cpu_coco-anchors.py'

model = dict(
    rpn_head=dict(
        anchor_generator=dict(scales=[4.65, 6.44], ratios=[0.53, 1.01, 2.14])
    )
)
