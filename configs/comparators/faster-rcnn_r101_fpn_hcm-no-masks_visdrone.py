# Ignored regions are not masked, but background like the rest.
_base_ = '../hcm/faster-rcnn_r101_fpn_hcm_visdrone.py'

train_dataloader = dict(dataset=dict(dataset=dict(use_ignored_regions=False)))
