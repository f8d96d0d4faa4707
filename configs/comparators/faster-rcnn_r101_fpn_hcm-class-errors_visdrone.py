# Hard chips from objects given a wrong class alone.
_base_ = '../hcm/faster-rcnn_r101_fpn_hcm_visdrone.py'

default_hooks = dict(mining=dict(metric=dict(kinds=['class'])))
