# Cascade R-CNN from COCO weights on normal and hard chips, tested on whole
# images at every chip scale.
_base_ = '../modern/cascade-rcnn_convnext-s_hcm_visdrone.py'

load_from = (
    'checkpoints/cascade_mask_rcnn_convnext-s_p4_w7_fpn_giou_4conv1f_fp16_'
    'ms-crop_3x_coco.pth'
)
optim_wrapper = dict(type='AmpOptimWrapper')
