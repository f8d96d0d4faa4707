_base_ = [
    'cascade-rcnn_convnext-s_chips_visdrone.py',
    '../_base_/hard_chip_mining.py',
]

default_hooks = _base_.mining_hooks
