# SSD, as MMDetection trains it on COCO, on VisDrone: images are warped to a
# square, which shrinks objects of a wide image to a quarter.
_base_ = [
    'mmdet::ssd/ssd512_coco.py',
    '_base_/models/dense.py',
    '_base_/visdrone.py',
    '../_base_/project_runtime.py',
]
data_root = _base_.visdrone_root
default_hooks = _base_.project_hooks
# Rates are for MMDetection's batches.
auto_scale_lr = dict(enable=True)

model = dict(
    bbox_head=dict(type='FixedSSDHead', num_classes=10),
    train_cfg=dict(assigner=_base_.ignoring),
    test_cfg=dict(nms_pre=3000, score_thr=0.01, max_per_img=500),
)

train_pipeline = [
    *_base_.visdrone_load,
    # After the two transforms that load.
    *_base_.train_pipeline[2:],
]
test_pipeline = [
    dict(type='LoadImageFromFile', color_type='color_ignore_orientation'),
    _base_.test_pipeline[1],
    dict(type='PackDetInputs', meta_keys=_base_.visdrone_meta_keys),
]
train_dataloader = dict(
    # Inside of MMDetection's RepeatDataset.
    dataset=dict(
        dataset=dict(
            _delete_=True, pipeline=train_pipeline, **_base_.visdrone_train
        )
    )
)
val_dataloader = dict(
    dataset=dict(_delete_=True, pipeline=test_pipeline, **_base_.visdrone_val)
)
test_dataloader = val_dataloader
val_evaluator = dict(_delete_=True, **_base_.visdrone_evaluator)
test_evaluator = val_evaluator
