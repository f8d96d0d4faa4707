# Cascade R-CNN, as MMDetection trains it on COCO, on VisDrone.
_base_ = [
    '_base_/models/cascade-rcnn_r50_fpn.py',
    '_base_/visdrone_whole-images.py',
    'mmdet::_base_/schedules/schedule_1x.py',
    '../_base_/default_runtime.py',
]

# Rates are for MMDetection's batches.
auto_scale_lr = dict(enable=True)
