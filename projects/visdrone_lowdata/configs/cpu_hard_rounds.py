# 'hard-long' with five rounds and a larger share of hard chips.
_base_ = 'cpu_hard_long.py'

train_dataloader = dict(sampler=dict(hard_ratio=0.7))
default_hooks = dict(mining=dict(epochs=[10, 18, 26, 34, 42]))
