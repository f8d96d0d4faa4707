# MMDetection's Faster R-CNN with FPN, its anchors included, for ten classes
# and dense images.
_base_ = 'mmdet::_base_/models/faster-rcnn_r50_fpn.py'

ignoring = dict(
    type='TrueIgnoreAssigner', ignore_iof_thr=0.5, ignore_iou_thr=0.3
)
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
    roi_head=dict(bbox_head=dict(num_classes=10)),
    train_cfg=dict(
        rpn=dict(assigner=ignoring),
        rpn_proposal=dict(nms_pre=2000, max_per_img=2000),
        rcnn=dict(assigner=ignoring),
    ),
    # Up to 902 objects in an image, and 500 detections count.
    test_cfg=dict(
        rpn=dict(nms_pre=3000, max_per_img=3000),
        rcnn=dict(score_thr=0.01, max_per_img=500),
    ),
)
