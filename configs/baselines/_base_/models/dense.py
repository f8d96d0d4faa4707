# Common settings of the baselines' models: ten classes, dense images, ignored
# objects that are no background, and weights that need no torchvision.
ignoring = dict(
    type='TrueIgnoreAssigner', ignore_iof_thr=0.5, ignore_iou_thr=0.3
)
caffe_preprocessor = dict(
    mean=[103.53, 116.28, 123.675],
    std=[1.0, 1.0, 1.0],
    bgr_to_rgb=False,
)
caffe_resnet50 = dict(
    norm_cfg=dict(type='BN', requires_grad=False),
    style='caffe',
    init_cfg=dict(
        type='Pretrained',
        checkpoint='open-mmlab://detectron2/resnet50_caffe',
    ),
)
proposal_train_cfg = dict(
    rpn=dict(assigner=ignoring),
    rpn_proposal=dict(nms_pre=2000, max_per_img=2000),
)
# Up to 902 objects in an image, and 500 detections count.
two_stage_test_cfg = dict(
    rpn=dict(nms_pre=3000, max_per_img=3000),
    rcnn=dict(score_thr=0.01, max_per_img=500),
)
