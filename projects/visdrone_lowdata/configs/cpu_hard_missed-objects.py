# Hard chips from missed objects only.
_base_ = 'cpu_chips_hard.py'

default_hooks = dict(mining=dict(metric=dict(kinds=['missed'])))
