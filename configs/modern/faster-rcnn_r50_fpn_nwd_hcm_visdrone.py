_base_ = [
    'faster-rcnn_r50_fpn_nwd_chips_visdrone.py',
    '../_base_/hard_chip_mining.py',
]

default_hooks = _base_.mining_hooks
