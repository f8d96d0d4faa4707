# Hard chips from objects of a wrong class only.
_base_ = '../hcm/faster-rcnn_r101_fpn_hcm_visdrone.py'

default_hooks = dict(mining=dict(metric=dict(kinds=['class'])))
