# Focal loss over all anchors of the proposal network, instead of hard chips.
_base_ = [
    '../hcm/faster-rcnn_r101_fpn_chips_visdrone.py',
    '../_base_/models/focal_rpn.py',
]

model = _base_.focal_rpn
