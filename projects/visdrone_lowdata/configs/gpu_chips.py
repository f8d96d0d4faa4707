# Row 3: multi-scale chips that cover the objects, in place of random crops.
_base_ = 'gpu_tuned-anchors.py'

chip_size = 640
scales = [
    dict(window=256, valid_range=(0, 40), stride=28),
    dict(window=512, valid_range=(28, 85), stride=56),
    dict(window=1024, valid_range=(56, None), stride=112),
]
train_pipeline = [
    dict(type='LoadChipImage'),
    dict(type='MaskIgnoredRegions'),
    dict(type='PasteObjects'),
    dict(type='CropChip', chip_size=chip_size),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackChipInputs'),
]
train_dataloader = dict(
    dataset=dict(scales=scales, chip_size=chip_size, pipeline=train_pipeline)
)
