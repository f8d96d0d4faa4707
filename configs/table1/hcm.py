# And with pasted objects: the method, but for external canvases.
_base_ = '../hcm/faster-rcnn_r101_fpn_hcm_visdrone.py'
