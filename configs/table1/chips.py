# Anchors fitted to the objects in chips.
_base_ = '../hcm/faster-rcnn_r101_fpn_chips_visdrone.py'
