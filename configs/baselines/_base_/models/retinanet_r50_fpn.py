# MMDetection's RetinaNet, focal loss and anchors included, for ten classes and
# dense images.
_base_ = 'mmdet::_base_/models/retinanet_r50_fpn.py'

model = dict(
    # Caffe-style weights, as everywhere here: torchvision:// ones would need
    # torchvision.
    data_preprocessor=dict(
        mean=[103.53, 116.28, 123.675],
        std=[1.0, 1.0, 1.0],
        bgr_to_rgb=False,
    ),
    backbone=dict(
        norm_cfg=dict(type='BN', requires_grad=False),
        style='caffe',
        init_cfg=dict(
            type='Pretrained',
            checkpoint='open-mmlab://detectron2/resnet50_caffe',
        ),
    ),
    bbox_head=dict(num_classes=10),
    train_cfg=dict(
        assigner=dict(
            type='TrueIgnoreAssigner', ignore_iof_thr=0.5, ignore_iou_thr=0.3
        )
    ),
    # Up to 902 objects in an image, and 500 detections count.
    test_cfg=dict(nms_pre=3000, score_thr=0.01, max_per_img=500),
)
