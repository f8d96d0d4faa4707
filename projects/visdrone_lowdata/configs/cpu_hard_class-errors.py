# Hard chips from objects of a wrong class only.
_base_ = 'cpu_chips_hard.py'

default_hooks = dict(mining=dict(metric=dict(kinds=['class'])))
