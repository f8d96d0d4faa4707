# Faster R-CNN on HRNet, as MMDetection trains it on COCO, on VisDrone: the FPN
# baseline with another backbone and its neck.
_base_ = [
    'mmdet::hrnet/faster-rcnn_hrnetv2p-w32-1x_coco.py',
    '_base_/visdrone.py',
    '_base_/runtime.py',
]
data_root = _base_.visdrone_root
default_hooks = _base_.visdrone_hooks

ignoring = dict(
    type='TrueIgnoreAssigner', ignore_iof_thr=0.5, ignore_iou_thr=0.3
)
model = dict(
    roi_head=dict(bbox_head=dict(num_classes=10)),
    train_cfg=dict(
        rpn=dict(assigner=ignoring),
        rpn_proposal=dict(nms_pre=2000, max_per_img=2000),
        rcnn=dict(assigner=ignoring),
    ),
    test_cfg=dict(
        rpn=dict(nms_pre=3000, max_per_img=3000),
        rcnn=dict(score_thr=0.01, max_per_img=500),
    ),
)

train_pipeline = _base_.visdrone_train_pipeline
test_pipeline = _base_.visdrone_test_pipeline
train_dataloader = dict(
    dataset=dict(
        _delete_=True, pipeline=train_pipeline, **_base_.visdrone_train
    )
)
val_dataloader = dict(
    dataset=dict(_delete_=True, pipeline=test_pipeline, **_base_.visdrone_val)
)
test_dataloader = val_dataloader
val_evaluator = dict(_delete_=True, **_base_.visdrone_evaluator)
test_evaluator = val_evaluator
