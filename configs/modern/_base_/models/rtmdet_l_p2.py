# With a level of stride 4 more, for small objects.
_base_ = 'rtmdet_l.py'

model = dict(
    backbone=dict(out_indices=(1, 2, 3, 4)),
    neck=dict(in_channels=[128, 256, 512, 1024]),
    bbox_head=dict(anchor_generator=dict(strides=[4, 8, 16, 32])),
)
