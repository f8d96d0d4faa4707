# Chips around all objects of the pasted canvases, not around mistakes.
_base_ = '../hcm/faster-rcnn_r101_fpn_hcm_visdrone.py'

custom_hooks = _base_.custom_hooks
custom_hooks[0].predict = 'nothing'
custom_hooks[0].metric = dict(type='ObjectChipMetric')
