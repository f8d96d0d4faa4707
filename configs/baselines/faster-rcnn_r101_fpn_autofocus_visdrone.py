# AutoFocus (arXiv 1812.01600) on the method's detector and normal chips: it
# predicts focus pixels too, and `--focus` tests the finer scales only there.
_base_ = '../hcm/faster-rcnn_r101_fpn_chips_visdrone.py'

model = dict(rpn_head=dict(type='FocusRPNHead'))

# Objects that a chip ignores for their size are what a finer scale is for.
train_pipeline = [
    *_base_.train_pipeline[:-1],
    dict(
        type='PackChipInputs',
        meta_keys=(
            *_base_.train_pipeline[-1]['meta_keys'],
            'ignored_but_counted',
        ),
    ),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))

# The scales of the chips, from coarse to fine.
focus_model = dict(
    type='FocusTTA',
    scales=[
        dict(
            chip_size=_base_.chip_size,
            window=scale['window'],
            valid_range=scale['valid_range'],
        )
        for scale in _base_.scales[::-1]
    ],
    iou_thr=0.5,
    max_per_img=500,
)
focus_pipeline = _base_.slice_pipeline
focus_dataloader = _base_.slice_dataloader
