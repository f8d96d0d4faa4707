# R-FCN (Dai et al. 2016) on VisDrone: regions vote by position-sensitive maps
# of scores and offsets, sampled as in RoIAlign. Its 300 proposals would be
# fewer than the objects of an image, so there are 2000.
_base_ = [
    '_base_/models/region-maps_r101.py',
    '_base_/visdrone_whole-images.py',
    'mmdet::_base_/schedules/schedule_20e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    neck=dict(type='RFCNNeck', in_channels=2048, num_classes=10),
    rpn_head=dict(anchor_generator=dict(scales=[4, 8, 16, 32])),
    roi_head=dict(
        # Ten classes, the background and four offsets.
        bbox_roi_extractor=dict(out_channels=15),
        bbox_head=dict(type='RFCNBBoxHead', num_hard=128),
    ),
)

# 0.0005 for each of 16 images.
optim_wrapper = dict(optimizer=dict(lr=0.008, weight_decay=0.0005))

# Rates are for batches of 16 images.
auto_scale_lr = dict(enable=True)
