# MMDetection's DDQ-DETR with Swin-L and four levels, strides 8 to 64, for ten
# classes, dense images and ignored objects.
_base_ = []

from mmengine.hub import get_config  # noqa: E402

model = get_config('mmdet::ddq/ddq-detr-4scale_swinl_8xb2-30e_coco.py').model
model.type = 'FixedDDQDETR'
model.bbox_head.type = 'IgnoringDDQDETRHead'
model.bbox_head.num_classes = 10
model.test_cfg.max_per_img = 500

# MMDetection's, for 8 processes of 2.
ddq_optimizer = dict(
    _delete_=True,
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=0.0002, weight_decay=0.05),
    clip_grad=dict(max_norm=0.1, norm_type=2),
    paramwise_cfg=dict(custom_keys={'backbone': dict(lr_mult=0.05)}),
)
