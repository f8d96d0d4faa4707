# Background chips drawn at random, as many as SNIPER's; without a network.
_base_ = 'faster-rcnn_r101_fpn_sniper-negatives_visdrone.py'

default_hooks = dict(
    mining=dict(predict='nothing', metric=dict(type='BackgroundChipMetric'))
)
