# Row 3: multi-scale chips that cover the objects, in place of random crops.
_base_ = 'cpu_tuned-anchors.py'

chip_size = 256
scales = [
    dict(window=192, valid_range=(0, 40), stride=21),
    dict(window=512, valid_range=(28, None), stride=56),
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
    dataset=dict(
        scales='${scales}',
        pipeline=train_pipeline,
    )
)
