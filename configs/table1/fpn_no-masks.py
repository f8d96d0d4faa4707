# Ignored regions are not masked, but background like the rest.
_base_ = 'fpn_adjusted.py'

train_dataloader = dict(dataset=dict(dataset=dict(use_ignored_regions=False)))
