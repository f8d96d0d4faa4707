# Cascade R-CNN from COCO weights on normal and hard chips, tested on whole
# images at every chip scale.
_base_ = '../modern/cascade-rcnn_convnext-s_hcm_visdrone.py'

# Of MMDetection's model zoo.
load_from = (
    'https://download.openmmlab.com/mmdetection/v2.0/convnext/'
    'cascade_mask_rcnn_convnext-s_p4_w7_fpn_giou_4conv1f_fp16_ms-crop_3x_coco/'
    'cascade_mask_rcnn_convnext-s_p4_w7_fpn_giou_4conv1f_fp16_ms-'
    'crop_3x_coco_20220510_201004-3d24f5a4.pth'
)
optim_wrapper = dict(type='AmpOptimWrapper')
