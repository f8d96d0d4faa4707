# Hard chips from missed objects only.
_base_ = '../hcm/faster-rcnn_r101_fpn_hcm_visdrone.py'

default_hooks = dict(mining=dict(metric=dict(kinds=['missed'])))
