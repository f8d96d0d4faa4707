# MMDetection's Faster R-CNN with FPN, its anchors included, for ten classes
# and dense images.
_base_ = ['mmdet::_base_/models/faster-rcnn_r50_fpn.py', 'dense.py']

model = dict(
    data_preprocessor=_base_.caffe_preprocessor,
    backbone=_base_.caffe_resnet50,
    roi_head=dict(bbox_head=dict(num_classes=10)),
    train_cfg=dict(
        **_base_.proposal_train_cfg, rcnn=dict(assigner=_base_.ignoring)
    ),
    test_cfg=_base_.two_stage_test_cfg,
)
