_base_ = 'faster-rcnn_r101_fpn_hcm_visdrone.py'

model = dict(
    backbone=dict(
        depth=50,
        init_cfg=dict(checkpoint='open-mmlab://detectron2/resnet50_caffe'),
    )
)
