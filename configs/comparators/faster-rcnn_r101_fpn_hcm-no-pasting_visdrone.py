# Hard chips from the images as they are.
_base_ = '../hcm/faster-rcnn_r101_fpn_hcm_visdrone.py'

custom_hooks = _base_.custom_hooks
custom_hooks[0].update(pool=None)
