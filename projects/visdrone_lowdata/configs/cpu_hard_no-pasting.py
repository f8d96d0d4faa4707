# Hard chips from the images as they are.
_base_ = 'cpu_chips_hard.py'

custom_hooks = _base_.custom_hooks
custom_hooks[0].update(pool=None)
