# Cascade R-CNN with ConvNeXt-S on whole images.
_base_ = [
    '_base_/models/cascade-rcnn_convnext-s.py',
    '_base_/visdrone_whole-images.py',
    '../_base_/schedules/schedule_24e.py',
    '../_base_/default_runtime.py',
]

optim_wrapper = _base_.convnext_optimizer
