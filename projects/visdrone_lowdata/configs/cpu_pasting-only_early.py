# Chips around all objects of the pasted canvases, not around errors.
_base_ = 'cpu_hard_early.py'

default_hooks = dict(
    mining=dict(
        predict='nothing', metric=dict(_delete_=True, type='ObjectChipMetric')
    )
)
