# YOLOv3, as MMDetection trains it on COCO, on VisDrone. Its assigner has no
# ignored objects, so their pixels are masked.
_base_ = [
    'mmdet::yolo/yolov3_d53_8xb8-ms-608-273e_coco.py',
    '_base_/visdrone.py',
    '../_base_/project_runtime.py',
]
data_root = _base_.visdrone_root
default_hooks = _base_.project_hooks
# Rates are for MMDetection's batches.
auto_scale_lr = dict(enable=True)

model = dict(
    bbox_head=dict(num_classes=10),
    test_cfg=dict(nms_pre=3000, score_thr=0.01, max_per_img=500),
)

train_pipeline = [
    *_base_.visdrone_load_masked,
    # After the two transforms that load.
    *_base_.train_pipeline[2:],
]
test_pipeline = [
    dict(type='LoadImageFromFile', color_type='color_ignore_orientation'),
    _base_.test_pipeline[1],
    dict(type='PackDetInputs', meta_keys=_base_.visdrone_meta_keys),
]
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
