# Ignored regions are not masked, but background like the rest.
_base_ = 'cpu_chips_hard.py'

train_dataloader = dict(dataset=dict(dataset=dict(use_ignored_regions=False)))
