# Light-Head R-CNN (arXiv 1711.07264) on VisDrone: a thin map, and one layer
# for each region. Schedule of its authors, in passes of COCO. Objects of 12
# pixels are less than a cell of its map: enlarge the input for a better score.
_base_ = [
    '_base_/models/region-maps_r101.py',
    '_base_/visdrone_whole-images.py',
    'mmdet::_base_/schedules/schedule_20e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    neck=dict(type='LargeSeparableConv', in_channels=2048),
    roi_head=dict(
        bbox_roi_extractor=dict(
            out_channels=10, roi_layer=dict(pool_mode='max')
        ),
        bbox_head=dict(
            type='LightHeadBBoxHead',
            in_channels=10,
            num_hard=256,
            loss_bbox=dict(loss_weight=2.0),
        ),
    ),
)

optim_wrapper = dict(
    optimizer=dict(lr=0.01),
    paramwise_cfg=dict(custom_keys=dict(neck=dict(lr_mult=3.0))),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=1 / 3, by_epoch=False, end=500),
    dict(type='MultiStepLR', milestones=[13, 17], gamma=0.1),
]

# Rates are for batches of 16 images.
auto_scale_lr = dict(enable=True)
