# Hard chips with an object to learn; those of background alone are left out.
_base_ = 'cpu_chips_hard.py'

default_hooks = dict(mining=dict(metric=dict(min_objects=1)))
