# And chips around all objects of pasted canvases: no errors are mined.
_base_ = '../comparators/faster-rcnn_r101_fpn_pasting-only_visdrone.py'
