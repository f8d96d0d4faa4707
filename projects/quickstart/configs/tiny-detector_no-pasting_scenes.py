# Hard chips of the training scenes as they are.
_base_ = 'tiny-detector_hcm_scenes.py'

default_hooks = dict(mining=dict(pool=None, external=[]))
