# Focal loss over all anchors of the proposal network, instead of hard chips.
_base_ = ['cpu_chips.py', '../../../configs/_base_/models/focal_rpn.py']

model = _base_.focal_rpn
