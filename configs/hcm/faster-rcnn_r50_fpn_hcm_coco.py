# The whole method for own data in COCO format, see docs/own_data.md: inherit
# this config, and set `data_root` and `classes`.
_base_ = [
    '../_base_/models/faster-rcnn_r101_fpn.py',
    '../_base_/datasets/coco_chips.py',
    '../_base_/schedules/schedule_24e.py',
    '../_base_/default_runtime.py',
    '../_base_/hard_chip_mining.py',
]

model = dict(
    backbone=dict(
        depth=50,
        init_cfg=dict(checkpoint='open-mmlab://detectron2/resnet50_caffe'),
    ),
    roi_head=dict(bbox_head=dict(num_classes='${len(classes)}')),
)
# A warm-up of one epoch: small data sets have few iterations.
param_scheduler = _base_.param_scheduler
param_scheduler[0] = dict(
    type='LinearLR',
    start_factor=0.001,
    by_epoch=True,
    begin=0,
    end=1,
    convert_to_iter_based=True,
)
default_hooks = dict(_base_.mining_hooks)
default_hooks['mining'] = dict(
    default_hooks['mining'],
    pool=dict(default_hooks['mining']['pool'], cache_dir='${cache_dir}'),
)
default_hooks['checkpoint'] = dict(save_best='coco/bbox_mAP')
