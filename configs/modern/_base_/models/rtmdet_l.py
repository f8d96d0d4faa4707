# MMDetection's RTMDet-l for ten classes, dense images and ignored objects.
_base_ = []

from mmengine.hub import get_config  # noqa: E402

model = get_config('mmdet::rtmdet/rtmdet_l_8xb32-300e_coco.py').model
# The neck doubles maps exactly.
model.data_preprocessor.pad_size_divisor = 32
# `sync_bn` makes it one over all processes; a CPU has none.
for part in (model.backbone, model.neck, model.bbox_head):
    part.norm_cfg.type = 'BN'
del part
model.bbox_head.num_classes = 10
model.train_cfg.assigner = dict(
    type='IgnoringAssigner', assigner=model.train_cfg.assigner
)
model.test_cfg.max_per_img = 500
sync_bn = 'torch'

# MMDetection's rate, 0.004 for 256 images, for 16.
rtmdet_optimizer = dict(
    _delete_=True,
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=0.00025, weight_decay=0.05),
    paramwise_cfg=dict(
        norm_decay_mult=0, bias_decay_mult=0, bypass_duplicate=True
    ),
)
rtmdet_batch_size = 4
# Averaged weights are mined and tested with.
custom_hooks = [
    dict(
        type='EMAHook',
        ema_type='ExpMomentumEMA',
        momentum=0.0002,
        update_buffers=True,
        priority=49,
    )
]
