# The whole method: a fifth of the canvases are DOTA images.
_base_ = '../hcm/faster-rcnn_r101_fpn_hcm-dota_visdrone.py'
