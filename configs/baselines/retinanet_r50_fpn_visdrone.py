# RetinaNet, as MMDetection trains it on COCO, on VisDrone.
_base_ = [
    '_base_/models/retinanet_r50_fpn.py',
    '_base_/visdrone_whole-images.py',
    'mmdet::_base_/schedules/schedule_1x.py',
    '../_base_/default_runtime.py',
]

# Half the rate of the two-stage detectors, as MMDetection's.
optim_wrapper = dict(optimizer=dict(lr=0.01))
# Rates are for MMDetection's batches.
auto_scale_lr = dict(enable=True)
