# Hard chips from the images as they are.
_base_ = '../hcm/faster-rcnn_r101_fpn_hcm_visdrone.py'

default_hooks = dict(mining=dict(pool=None))
