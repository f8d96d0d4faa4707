# Online hard example mining in the second stage, instead of hard chips.
_base_ = '../hcm/faster-rcnn_r101_fpn_chips_visdrone.py'

model = dict(train_cfg=dict(rcnn=dict(sampler=dict(type='OHEMSampler'))))
