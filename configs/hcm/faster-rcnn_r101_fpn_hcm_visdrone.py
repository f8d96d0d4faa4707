# The whole method: normal chips, mining, normal and hard chips.
_base_ = [
    'faster-rcnn_r101_fpn_chips_visdrone.py',
    '../_base_/hard_chip_mining.py',
]

default_hooks = _base_.mining_hooks
