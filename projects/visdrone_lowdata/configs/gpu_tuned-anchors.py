# Row 2: anchors fitted to the training objects (tools/fit.py).
_base_ = 'gpu_coco-anchors.py'

model = dict(
    rpn_head=dict(
        anchor_generator=dict(scales=[5.78, 8.35], ratios=[0.52, 1.04, 2.06])
    )
)
