# Normal chips alone, equally long: nothing is mined.
_base_ = '../hcm/faster-rcnn_r101_fpn_chips_visdrone.py'
