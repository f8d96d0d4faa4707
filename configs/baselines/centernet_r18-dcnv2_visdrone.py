# CenterNet (objects as points), as MMDetection trains it on COCO, on VisDrone.
# Its head drops ignored instances, so their pixels are masked.
_base_ = [
    'mmdet::centernet/centernet_r18-dcnv2_8xb16-crop512-140e_coco.py',
    '_base_/visdrone.py',
    '../_base_/project_runtime.py',
]
data_root = _base_.visdrone_root
default_hooks = _base_.project_hooks
# Rates are for MMDetection's batches.
auto_scale_lr = dict(enable=True)

max_per_img = 500
model = dict(
    # The file that torchvision://resnet18 names, without torchvision.
    backbone=dict(
        init_cfg=dict(
            checkpoint='https://download.pytorch.org/models/'
            'resnet18-f37072fd.pth'
        )
    ),
    bbox_head=dict(num_classes=10),
    # As many detections as centres are kept; there is no score threshold.
    test_cfg=dict(topk=max_per_img, max_per_img=max_per_img),
)

train_pipeline = [
    *_base_.visdrone_load_masked,
    # After the two transforms that load.
    *_base_.train_pipeline[2:],
]
meta_keys = (*_base_.visdrone_meta_keys, 'border')
# Boxes are in the pixels of the file as stored.
load = dict(_base_.test_pipeline[0], color_type='color_ignore_orientation')
test_pipeline = [
    load,
    _base_.test_pipeline[1],
    dict(type='PackDetInputs', meta_keys=meta_keys),
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

# The image and its mirror image.
tta_model = dict(tta_cfg=dict(max_per_img=max_per_img))
tta_pipeline = [
    load,
    dict(
        type='TestTimeAug',
        transforms=[
            *_base_.tta_pipeline[1]['transforms'][:2],
            [
                dict(
                    type='PackDetInputs',
                    meta_keys=(*meta_keys, 'flip', 'flip_direction'),
                )
            ],
        ],
    ),
]
