# DetNet-59 with FPN (arXiv 1804.06215), trained as FPN with the double
# schedule, on VisDrone. Weights of DetNet have no stable host: three stages
# begin with a ResNet-50's, two at random.
_base_ = [
    '_base_/models/faster-rcnn_r50_fpn.py',
    '_base_/visdrone_whole-images.py',
    'mmdet::_base_/schedules/schedule_2x.py',
    '../_base_/default_runtime.py',
]

model = dict(
    backbone=dict(
        _delete_=True,
        type='DetNet',
        frozen_stages=1,
        norm_eval=True,
        **_base_.caffe_resnet50,
    ),
    neck=dict(in_channels=[256, 512, 1024, 1024, 1024]),
    rpn_head=dict(
        anchor_generator=dict(
            strides=[4, 8, 16, 16, 16],
            # Sides of 32 to 512 pixels, by 8: not by the stride, which is
            # the same thrice.
            base_sizes=[4, 8, 16, 32, 64],
        )
    ),
    roi_head=dict(bbox_roi_extractor=dict(featmap_strides=[4, 8, 16, 16])),
)

# Rates are for batches of 16 images.
auto_scale_lr = dict(enable=True)
