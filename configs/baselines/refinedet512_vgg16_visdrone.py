# RefineDet 512: augmentation, schedule and warped square input of
# MMDetection's SSD on COCO, batch and learning rate of the paper, on VisDrone.
_base_ = [
    'mmdet::ssd/ssd512_coco.py',
    '_base_/models/dense.py',
    '_base_/visdrone.py',
    '../_base_/project_runtime.py',
]
data_root = _base_.visdrone_root
default_hooks = _base_.project_hooks

strides = [8, 16, 32, 64]
model = dict(
    # The transposed convolutions double every map exactly.
    data_preprocessor=dict(pad_size_divisor=64),
    backbone=dict(
        _delete_=True,
        type='RefineVGG',
        init_cfg=dict(
            type='Pretrained', checkpoint='open-mmlab://vgg16_caffe'
        ),
    ),
    neck=dict(_delete_=True, type='TransferConnectionNeck'),
    bbox_head=dict(
        _delete_=True,
        type='RefineDetHead',
        num_classes=10,
        # Sides of 32 to 256 pixels.
        anchor_generator=dict(
            type='AnchorGenerator',
            scales=[4],
            ratios=[1.0, 0.5, 2.0],
            strides=strides,
            base_sizes=strides,
            center_offset=0.5,
        ),
        bbox_coder=_base_.model.bbox_head.bbox_coder,
    ),
    train_cfg=dict(assigner=_base_.ignoring),
    # As many boxes of each class before suppression.
    test_cfg=dict(nms_pre=1000, score_thr=0.01, max_per_img=500),
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
    # The paper's batch of 32 is 8 processes of 4.
    batch_size=4,
    # Inside of MMDetection's RepeatDataset: 24 epochs are 120 passes.
    dataset=dict(
        dataset=dict(
            _delete_=True, pipeline=train_pipeline, **_base_.visdrone_train
        )
    ),
)
val_dataloader = dict(
    dataset=dict(_delete_=True, pipeline=test_pipeline, **_base_.visdrone_val)
)
test_dataloader = val_dataloader
val_evaluator = dict(_delete_=True, **_base_.visdrone_evaluator)
test_evaluator = val_evaluator
# The paper's rate of 0.001 is for 32 images.
optim_wrapper = dict(optimizer=dict(lr=0.0005))
auto_scale_lr = dict(enable=True, base_batch_size=16)
# The refinement of anchors knows one class, which NumClassCheckHook refuses.
custom_hooks = [
    hook for hook in _base_.custom_hooks if hook.type != 'NumClassCheckHook'
]
