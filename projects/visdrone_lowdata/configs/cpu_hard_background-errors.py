# Hard chips from background taken for objects alone.
_base_ = 'cpu_chips_hard.py'

default_hooks = dict(mining=dict(metric=dict(kinds=['background'])))
