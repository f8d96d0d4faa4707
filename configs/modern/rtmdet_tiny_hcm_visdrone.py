_base_ = [
    'rtmdet_tiny_chips_visdrone.py',
    '../_base_/hard_chip_mining.py',
]

default_hooks = _base_.mining_hooks
