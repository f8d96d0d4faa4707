# Chips for transformers, whose encoder attends to every cell of its maps:
# enlarged images are tested in windows as large as the chips.
_base_ = '../../_base_/datasets/visdrone_chips.py'

test_pipeline = [
    dict(type='LoadImageFromFile', color_type='color_ignore_orientation'),
    dict(type='Resize', scale=(2560, 2560), keep_ratio=True),
    dict(type='PackDetInputs', meta_keys=_base_.test_meta_keys),
]
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
# In pixels of the view of each scale.
scale_windows = dict(
    type='SliceTTA',
    slices=[dict(window=640, overlap=0.2, scale_factor=1.0)],
)
tta_model = scale_windows
