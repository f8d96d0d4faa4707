# Background chips drawn at random, as many as of row 4; asks no network.
_base_ = 'cpu_chips_negatives.py'

custom_hooks = _base_.custom_hooks
custom_hooks[0].update(
    predict='nothing', metric=dict(type='BackgroundChipMetric')
)
