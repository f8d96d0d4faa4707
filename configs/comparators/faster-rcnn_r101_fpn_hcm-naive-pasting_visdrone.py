# Patches at any place, native size and orientation, opaque, overlaps allowed.
_base_ = '../hcm/faster-rcnn_r101_fpn_hcm_visdrone.py'

custom_hooks = _base_.custom_hooks
custom_hooks[0].canvases.update(paste=dict(naive=True))
