# DINO with Swin-L on normal chips.
_base_ = [
    '_base_/models/dino-5scale_swin-l.py',
    '../_base_/datasets/visdrone_chips.py',
    '../_base_/schedules/schedule_24e.py',
    '../_base_/default_runtime.py',
]

optim_wrapper = _base_.dino_optimizer

test_pipeline = [
    dict(type='LoadImageFromFile', color_type='color_ignore_orientation'),
    dict(type='Resize', scale=(2560, 2560), keep_ratio=True),
    dict(type='PackDetInputs', meta_keys=_base_.test_meta_keys),
]
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
# Windows of each scale, in pixels of its view.
tta_model = _base_.dino_windows
