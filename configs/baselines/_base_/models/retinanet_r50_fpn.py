# MMDetection's RetinaNet, focal loss and anchors included, for ten classes and
# dense images.
_base_ = ['mmdet::_base_/models/retinanet_r50_fpn.py', 'dense.py']

model = dict(
    data_preprocessor=_base_.caffe_preprocessor,
    backbone=_base_.caffe_resnet50,
    bbox_head=dict(num_classes=10),
    train_cfg=dict(assigner=_base_.ignoring),
    # Up to 902 objects in an image, and 500 detections count.
    test_cfg=dict(nms_pre=3000, score_thr=0.01, max_per_img=500),
)
