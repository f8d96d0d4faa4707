# MMDetection's DINO with Swin-L and five levels, strides 4 to 64, for ten
# classes, dense images and ignored objects.
_base_ = []

from mmengine.hub import get_config  # noqa: E402

model = get_config('mmdet::dino/dino-5scale_swin-l_8xb2-36e_coco.py').model
model.bbox_head.type = 'IgnoringDINOHead'
model.bbox_head.num_classes = 10
model.test_cfg.max_per_img = 500

# MMDetection's, for 8 processes of 2.
dino_optimizer = dict(
    _delete_=True,
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=0.0001, weight_decay=0.0001),
    clip_grad=dict(max_norm=0.1, norm_type=2),
    paramwise_cfg=dict(custom_keys={'backbone': dict(lr_mult=0.1)}),
)
