# Chips around all objects of the pasted canvases, not around errors.
_base_ = '../hcm/faster-rcnn_r101_fpn_hcm_visdrone.py'

default_hooks = dict(
    mining=dict(
        predict='nothing', metric=dict(_delete_=True, type='ObjectChipMetric')
    )
)
