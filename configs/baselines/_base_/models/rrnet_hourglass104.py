# RRNet on the two-stack hourglass of MMDetection's CornerNet, for ten classes
# and dense images.
_base_ = []

from mmengine.hub import get_config  # noqa: E402

model = get_config(
    'mmdet::cornernet/cornernet_hourglass104_8xb6-210e-mstest_coco.py'
).model
model.type = 'SingleStageDetector'
# The hourglass halves the map of stride 4 five times.
model.data_preprocessor.pad_size_divisor = 128
model.bbox_head = dict(
    type='RRNetHead', num_classes=10, num_proposals=1500, refine_from=2000
)
max_per_img = 500
model.test_cfg = dict(
    # Soft-NMS moves the classes apart, which rounds the area of tiny boxes to
    # 0, and their IoU is no number.
    min_bbox_size=1,
    nms=dict(type='soft_nms', method='gaussian', min_score=0.01),
    max_per_img=max_per_img,
)
# One batch normalisation over all processes.
sync_bn = 'torch'

# For 16 images: 0.00025 at 8 processes of 4.
rrnet_optimizer = dict(
    type='OptimWrapper', optimizer=dict(type='Adam', lr=0.000125)
)
# The boxes of all scales together, in one soft-NMS.
rrnet_tta_model = dict(
    type='MultiScaleTTA',
    method='soft_nms_gaussian',
    merge_cfg=dict(min_score=0.01),
    view_test_cfg=dict(nms=dict(type='nms', iou_threshold=0.7)),
    max_per_img=max_per_img,
)
