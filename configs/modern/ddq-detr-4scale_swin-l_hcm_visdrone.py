_base_ = [
    'ddq-detr-4scale_swin-l_chips_visdrone.py',
    '../_base_/hard_chip_mining.py',
]

# In windows of each scale, as in the test.
default_hooks = dict(
    _base_.mining_hooks,
    mining=dict(_base_.mining_hooks.mining, tta_model=_base_.scale_windows),
)
