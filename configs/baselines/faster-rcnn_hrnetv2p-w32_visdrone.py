# Faster R-CNN on HRNet, as MMDetection trains it on COCO, on VisDrone: the FPN
# baseline with another backbone and its neck.
_base_ = [
    'mmdet::hrnet/faster-rcnn_hrnetv2p-w32-1x_coco.py',
    '_base_/models/dense.py',
    '_base_/visdrone.py',
    '../_base_/project_runtime.py',
]
data_root = _base_.visdrone_root
default_hooks = _base_.project_hooks
# Rates are for MMDetection's batches.
auto_scale_lr = dict(enable=True)

model = dict(
    roi_head=dict(bbox_head=dict(num_classes=10)),
    train_cfg=dict(
        **_base_.proposal_train_cfg, rcnn=dict(assigner=_base_.ignoring)
    ),
    test_cfg=_base_.two_stage_test_cfg,
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
