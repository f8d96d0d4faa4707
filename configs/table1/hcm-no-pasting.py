# And chips around the errors instead, on canvases without pastes.
_base_ = '../comparators/faster-rcnn_r101_fpn_hcm-no-pasting_visdrone.py'
