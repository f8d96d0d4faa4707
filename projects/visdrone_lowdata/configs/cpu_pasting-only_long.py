# 'pasting-only' for 50 epochs in place of 20, in the rounds of 'hard-long'.
_base_ = 'cpu_hard_long.py'

default_hooks = dict(
    mining=dict(
        predict='nothing', metric=dict(_delete_=True, type='ObjectChipMetric')
    )
)
