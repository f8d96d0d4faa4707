# Background chips drawn at random, as many as of row 4; without a network.
_base_ = 'cpu_chips_negatives.py'

default_hooks = dict(
    mining=dict(predict='nothing', metric=dict(type='BackgroundChipMetric'))
)
