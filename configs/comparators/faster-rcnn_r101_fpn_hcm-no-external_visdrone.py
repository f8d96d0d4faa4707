# All canvases are VisDrone's own.
_base_ = '../hcm/faster-rcnn_r101_fpn_hcm-dota_visdrone.py'

custom_hooks = _base_.custom_hooks
custom_hooks[0].update(external=[])
