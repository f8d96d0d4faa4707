# Faster R-CNN, FPN, ResNet-101 (paper section 3.1), Caffe style.
_base_ = 'mmdet::_base_/models/faster-rcnn_r50_fpn.py'

max_per_img = 500
model = dict(
    data_preprocessor=dict(
        mean=[103.53, 116.28, 123.675],
        std=[1.0, 1.0, 1.0],
        bgr_to_rgb=False,
    ),
    backbone=dict(
        depth=101,
        norm_cfg=dict(type='BN', requires_grad=False),
        style='caffe',
        init_cfg=dict(
            type='Pretrained',
            checkpoint='open-mmlab://detectron2/resnet101_caffe',
        ),
    ),
    # Fitted by tools/fit.py to the 6,471 training annotations, in
    # network-input pixels of the chips in ../datasets/visdrone_chips.py.
    rpn_head=dict(
        anchor_generator=dict(
            scales=[5.78, 8.35],
            ratios=[0.52, 1.04, 2.06],
            strides=[4, 8, 16, 32, 64],
        )
    ),
    roi_head=dict(bbox_head=dict(num_classes=10)),
    train_cfg=dict(
        rpn=dict(
            assigner=dict(
                type='TrueIgnoreAssigner',
                ignore_iof_thr=0.5,
                ignore_iou_thr=0.3,
            )
        ),
        rpn_proposal=dict(nms_pre=2000, max_per_img=2000),
        rcnn=dict(
            assigner=dict(
                type='TrueIgnoreAssigner',
                ignore_iof_thr=0.5,
                ignore_iou_thr=0.3,
            )
        ),
    ),
    # Up to 902 objects in an image and 500 detections: MMDetection's limits
    # are too low (max_per_img 1000 and 100, score_thr 0.05).
    test_cfg=dict(
        rpn=dict(nms_pre=3000, max_per_img=3000),
        rcnn=dict(score_thr=0.01, max_per_img=max_per_img),
    ),
)
