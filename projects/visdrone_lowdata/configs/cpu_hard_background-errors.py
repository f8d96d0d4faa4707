# Hard chips from background taken for objects alone.
_base_ = 'cpu_chips_hard.py'

custom_hooks = _base_.custom_hooks
custom_hooks[0].metric.update(kinds=['background'])
