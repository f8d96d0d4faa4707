# Patches at any place, native size and orientation, opaque, overlaps allowed.
_base_ = '../hcm/faster-rcnn_r101_fpn_hcm_visdrone.py'

default_hooks = dict(mining=dict(canvases=dict(paste=dict(naive=True))))
