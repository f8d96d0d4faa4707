# Hard chips from objects given a wrong class alone.
_base_ = 'cpu_chips_hard.py'

default_hooks = dict(mining=dict(metric=dict(kinds=['class'])))
