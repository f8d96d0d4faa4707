# Patches at any place, native size and orientation, opaque, overlaps allowed.
_base_ = 'cpu_chips_hard.py'

default_hooks = dict(mining=dict(canvases=dict(paste=dict(naive=True))))
