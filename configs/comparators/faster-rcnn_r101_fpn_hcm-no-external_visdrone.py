# All canvases are VisDrone's own.
_base_ = '../hcm/faster-rcnn_r101_fpn_hcm-dota_visdrone.py'

default_hooks = dict(mining=dict(external=[]))
