# Hard chips that hold an object to learn; those of background alone stay out.
_base_ = '../hcm/faster-rcnn_r101_fpn_hcm_visdrone.py'

custom_hooks = _base_.custom_hooks
custom_hooks[0].metric.update(min_objects=1)
