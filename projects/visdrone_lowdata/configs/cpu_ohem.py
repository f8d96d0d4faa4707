# Online hard example mining in the second stage, instead of hard chips.
_base_ = 'cpu_chips.py'

model = dict(train_cfg=dict(rcnn=dict(sampler=dict(type='OHEMSampler'))))
