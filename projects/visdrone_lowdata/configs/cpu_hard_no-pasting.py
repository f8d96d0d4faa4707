# Hard chips from the images as they are.
_base_ = 'cpu_chips_hard.py'

default_hooks = dict(mining=dict(pool=None))
