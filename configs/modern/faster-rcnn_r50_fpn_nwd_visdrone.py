# Faster R-CNN with assignment by NWD on whole images.
_base_ = [
    '_base_/models/faster-rcnn_r50_fpn_nwd.py',
    '_base_/visdrone_whole-images.py',
    '../_base_/schedules/schedule_24e.py',
    '../_base_/default_runtime.py',
]

optim_wrapper = dict(optimizer=dict(lr=0.01))
