# Patches at any place, native size and orientation, opaque, overlaps allowed.
_base_ = 'cpu_chips_hard.py'

custom_hooks = _base_.custom_hooks
custom_hooks[0].canvases.update(paste=dict(naive=True))
