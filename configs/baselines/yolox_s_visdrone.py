# YOLOX-s, as MMDetection trains it on COCO, on VisDrone. Its assigner has no
# ignored objects, so their pixels are masked, before images are mixed.
_base_ = [
    'mmdet::yolox/yolox_s_8xb8-300e_coco.py',
    '_base_/visdrone.py',
    '../_base_/project_runtime.py',
]
data_root = _base_.visdrone_root
default_hooks = _base_.project_hooks
# Rates are for MMDetection's batches.
auto_scale_lr = dict(enable=True)

# All detections above the score leave the head: the official score and
# submissions take the best 500.
model = dict(bbox_head=dict(num_classes=10))

test_pipeline = [
    dict(type='LoadImageFromFile', color_type='color_ignore_orientation'),
    *_base_.test_pipeline[1:3],
    dict(type='PackDetInputs', meta_keys=_base_.visdrone_meta_keys),
]
# Inside of MMDetection's MultiImageMixDataset.
train_dataset = dict(
    dataset=dict(
        _delete_=True,
        pipeline=_base_.visdrone_load_masked,
        **_base_.visdrone_train,
    )
)
train_dataloader = dict(dataset=train_dataset)
val_dataloader = dict(
    dataset=dict(_delete_=True, pipeline=test_pipeline, **_base_.visdrone_val)
)
test_dataloader = val_dataloader
val_evaluator = dict(_delete_=True, **_base_.visdrone_evaluator)
test_evaluator = val_evaluator

# Three sizes, and their mirror images.
tta_model = dict(tta_cfg=dict(max_per_img=500))
tta_pipeline = [
    dict(type='LoadImageFromFile', color_type='color_ignore_orientation'),
    dict(
        type='TestTimeAug',
        transforms=[
            *_base_.tta_pipeline[1]['transforms'][:3],
            [
                dict(
                    type='PackDetInputs',
                    meta_keys=(
                        *_base_.visdrone_meta_keys,
                        'flip',
                        'flip_direction',
                    ),
                )
            ],
        ],
    ),
]
