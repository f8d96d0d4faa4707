# RefineDet 512: augmentation, schedule and warped square input of
# MMDetection's SSD on COCO, batch and learning rate of the paper, on VisDrone.
_base_ = 'ssd512_vgg16_visdrone.py'

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
    # As many boxes of each class before suppression.
    test_cfg=dict(nms_pre=1000),
)
# The paper's batch of 32 is 8 processes of 4; 24 epochs are 120 passes.
train_dataloader = dict(batch_size=4)
# The paper's rate of 0.001 is for 32 images.
optim_wrapper = dict(optimizer=dict(lr=0.0005))
auto_scale_lr = dict(base_batch_size=16)
# The refinement of anchors knows one class, which NumClassCheckHook refuses.
custom_hooks = [
    hook for hook in _base_.custom_hooks if hook.type != 'NumClassCheckHook'
]
