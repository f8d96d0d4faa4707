# Chips around all objects of the same pasted canvases, not around errors.
_base_ = 'tiny-detector_hcm_scenes.py'

default_hooks = dict(
    mining=dict(
        predict='nothing', metric=dict(_delete_=True, type='ObjectChipMetric')
    )
)
