# Hard chips with an object to learn; those of background alone are left out.
_base_ = '../hcm/faster-rcnn_r101_fpn_hcm_visdrone.py'

default_hooks = dict(mining=dict(metric=dict(min_objects=1)))
