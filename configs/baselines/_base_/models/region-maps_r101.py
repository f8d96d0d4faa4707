# Detectors whose regions read position-sensitive maps of a dilated ResNet-101:
# proposals from its fourth stage, maps from the fifth, both at stride 16. The
# proposals of a batch that are hardest are learned.
_base_ = ['mmdet::_base_/models/faster-rcnn_r50-caffe-dc5.py', 'dense.py']

model = dict(
    backbone=dict(
        depth=101,
        out_indices=(2, 3),
        init_cfg=dict(checkpoint='open-mmlab://detectron2/resnet101_caffe'),
    ),
    rpn_head=dict(
        type='LastMapRPNHead',
        in_channels=1024,
        feat_channels=512,
        loss_cls=dict(use_sigmoid=False),
        loss_bbox=dict(_delete_=True, type='SmoothL1Loss', beta=1.0 / 9.0),
    ),
    roi_head=dict(
        bbox_roi_extractor=dict(
            type='PSRoIExtractor',
            roi_layer=dict(_delete_=True, type='PSRoIAlign', output_size=7),
        ),
        bbox_head=dict(
            _delete_=True,
            roi_feat_size=7,
            num_classes=10,
            bbox_coder=dict(
                type='DeltaXYWHBBoxCoder',
                target_means=[0.0, 0.0, 0.0, 0.0],
                target_stds=[0.1, 0.1, 0.2, 0.2],
            ),
            loss_cls=dict(type='CrossEntropyLoss', loss_weight=1.0),
            loss_bbox=dict(type='SmoothL1Loss', beta=1.0, loss_weight=1.0),
        ),
    ),
    train_cfg=dict(
        rpn=dict(assigner=_base_.ignoring),
        rcnn=dict(
            assigner=_base_.ignoring,
            # All proposals but the ignored ones: the head mines.
            sampler=dict(num=1_000_000, pos_fraction=0.5),
        ),
    ),
    test_cfg=_base_.two_stage_test_cfg,
)
