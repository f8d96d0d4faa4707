_base_ = 'faster-rcnn_r101_fpn_hcm_visdrone.py'

# Caffe-style weights of this depth are not published; torchvision's are RGB.
model = dict(
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
    ),
    backbone=dict(
        depth=18,
        style='pytorch',
        init_cfg=dict(checkpoint='torchvision://resnet18'),
    ),
    neck=dict(in_channels=[64, 128, 256, 512]),
)
