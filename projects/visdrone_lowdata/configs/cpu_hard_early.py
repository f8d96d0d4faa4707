# Hard chips mined after a quarter of the epochs; normal chips alone at last.
_base_ = 'cpu_chips_hard.py'

train_dataloader = dict(sampler=dict(normal_from=17))
default_hooks = dict(
    mining=dict(epochs=[5], metric=dict(kinds=['class', 'missed']))
)
