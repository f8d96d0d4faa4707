# RTMDet from COCO weights on normal and hard chips, tested on whole images at
# every chip scale.
_base_ = '../modern/rtmdet_l_hcm_visdrone.py'

load_from = 'checkpoints/rtmdet_l_8xb32-300e_coco.pth'
optim_wrapper = dict(type='AmpOptimWrapper')
