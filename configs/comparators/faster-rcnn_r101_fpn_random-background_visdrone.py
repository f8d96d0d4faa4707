# Background chips drawn at random, as many as SNIPER's; asks for no network.
_base_ = 'faster-rcnn_r101_fpn_sniper-negatives_visdrone.py'

custom_hooks = _base_.custom_hooks
custom_hooks[0].update(
    predict='nothing', metric=dict(type='BackgroundChipMetric')
)
