# Cascade R-CNN with ConvNeXt-S, heads and schedule as MMDetection's Cascade
# Mask R-CNN, so that its COCO checkpoint fits, apart from the masks.
_base_ = '../../../baselines/_base_/models/cascade-rcnn_r50_fpn.py'

convnext_weights = (
    'https://download.openmmlab.com/mmclassification/v0/convnext/downstream/'
    'convnext-small_3rdparty_32xb128-noema_in1k_20220301-303e75e3.pth'
)
model = dict(
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
    ),
    backbone=dict(
        _delete_=True,
        type='ConvNeXt',
        arch='small',
        drop_path_rate=0.6,
        init_cfg=dict(
            type='Pretrained', checkpoint=convnext_weights, prefix='backbone.'
        ),
    ),
    neck=dict(in_channels=[96, 192, 384, 768]),
    roi_head=dict(
        bbox_head=[
            dict(
                type='ConvFCBBoxHead',
                num_shared_convs=4,
                num_shared_fcs=1,
                in_channels=256,
                conv_out_channels=256,
                fc_out_channels=1024,
                roi_feat_size=7,
                num_classes=10,
                bbox_coder=head.bbox_coder,
                reg_class_agnostic=False,
                reg_decoded_bbox=True,
                norm_cfg=dict(type='BN'),
                loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=False),
                loss_bbox=dict(type='GIoULoss', loss_weight=10.0),
            )
            for head in _base_.model.roi_head.bbox_head
        ]
    ),
)
# One batch normalisation over all processes.
sync_bn = 'torch'

# MMDetection's, for 8 processes of 2.
convnext_optimizer = dict(
    _delete_=True,
    type='OptimWrapper',
    constructor='LearningRateDecayOptimizerConstructor',
    optimizer=dict(
        type='AdamW', lr=0.0002, betas=(0.9, 0.999), weight_decay=0.05
    ),
    paramwise_cfg=dict(decay_rate=0.7, decay_type='layer_wise', num_layers=12),
)
