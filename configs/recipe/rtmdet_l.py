# RTMDet from COCO weights on normal and hard chips, tested on whole images at
# every chip scale.
_base_ = '../modern/rtmdet_l_hcm_visdrone.py'

load_from = (
    'https://download.openmmlab.com/mmdetection/v3.0/rtmdet/'
    'rtmdet_l_8xb32-300e_coco/'
    'rtmdet_l_8xb32-300e_coco_20220719_112030-5a0be7c4.pth'
)
optim_wrapper = dict(type='AmpOptimWrapper')
