# Objects out of a chip's valid range are learned, not ignored. Same chips.
_base_ = '../hcm/faster-rcnn_r101_fpn_hcm_visdrone.py'

train_dataloader = dict(dataset=dict(ignore_out_of_range=False))
