# MMDetection's Cascade R-CNN with FPN, its anchors included, for ten classes
# and dense images.
_base_ = ['mmdet::_base_/models/cascade-rcnn_r50_fpn.py', 'dense.py']

model = dict(
    data_preprocessor=_base_.caffe_preprocessor,
    backbone=_base_.caffe_resnet50,
    # Lists are replaced by a child: those of the three stages, with changes.
    roi_head=dict(
        bbox_head=[
            dict(head, num_classes=10)
            for head in _base_.model.roi_head.bbox_head
        ]
    ),
    train_cfg=dict(
        **_base_.proposal_train_cfg,
        rcnn=[
            dict(stage, assigner=dict(stage.assigner, **_base_.ignoring))
            for stage in _base_.model.train_cfg.rcnn
        ],
    ),
    test_cfg=_base_.two_stage_test_cfg,
)
