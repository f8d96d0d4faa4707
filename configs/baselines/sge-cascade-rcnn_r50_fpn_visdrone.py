# Cascade R-CNN with SGE attention (arXiv 1905.09646) and the 20 epochs of its
# authors, on VisDrone. The challenge entry of this name is not public.
_base_ = [
    '_base_/models/cascade-rcnn_r50_fpn.py',
    '../_base_/models/sge.py',
    '_base_/visdrone_whole-images.py',
    'mmdet::_base_/schedules/schedule_20e.py',
    '../_base_/default_runtime.py',
]

model = dict(backbone=_base_.sge)

# Rates are for batches of 16 images.
auto_scale_lr = dict(enable=True)
