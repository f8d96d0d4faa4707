# 'negatives' for 50 epochs in place of 20, in the rounds of 'hard-long'.
_base_ = 'cpu_chips_negatives.py'

train_cfg = dict(max_epochs=50)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=100),
    dict(type='MultiStepLR', milestones=[47], gamma=0.1, by_epoch=True),
]
default_hooks = dict(mining=dict(epochs=[10, 30]))
