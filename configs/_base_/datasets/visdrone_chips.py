# VisDrone-DET: training on chips, testing on whole images. `${name}` is the
# variable of that name in the finished config, so that a config which inherits
# this one sets `data_root` or `scales` once, for training, mining and tests.
data_root = 'data'
cache_dir = 'work_dirs/cache'
mean_color = (103.53, 116.28, 123.675)

# Windows and valid ranges of sqrt(area), source pixels. Ranges overlap, so
# that an object near an end is learned at both scales; objects come to about
# 20 to 90 network-input pixels (5 % and 95 % of them).
chip_size = 640
scales = [
    dict(window=256, valid_range=(0, 40), stride=28),
    dict(window=512, valid_range=(28, 85), stride=56),
    dict(window=1024, valid_range=(56, None), stride=112),
]

train_pipeline = [
    dict(type='LoadChipImage'),
    dict(type='MaskIgnoredRegions', color=mean_color),
    dict(type='PasteObjects'),
    dict(type='CropChip', chip_size='${chip_size}', pad_color=mean_color),
    dict(type='RandomFlip', prob=0.5),
    dict(
        type='PackChipInputs',
        meta_keys=(
            'img_id',
            'img_path',
            'ori_shape',
            'img_shape',
            'scale_factor',
            'flip',
            'flip_direction',
            # For messages about a loss that overflows.
            'chip_window',
        ),
    ),
]
train_dataset = dict(
    type='VisDroneDataset',
    data_root='${data_root}/VisDrone2019-DET-train',
    filter_cfg=dict(filter_empty_gt=True),
)
train_dataloader = dict(
    batch_size=2,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='ChipSampler', hard_ratio=0.5),
    dataset=dict(
        type='ChipDataset',
        dataset=train_dataset,
        scales='${scales}',
        chip_size='${chip_size}',
        cache_dir='${cache_dir}',
        # Decode only the part of a JPEG file that the chip needs.
        partial_decoding=True,
        pipeline=train_pipeline,
    ),
)

test_meta_keys = (
    'img_id',
    'img_path',
    'ann_path',
    'ori_shape',
    'img_shape',
    'scale_factor',
    'flip',
    'flip_direction',
    'valid_range',
    # Ground truth for MMDetection's own metrics.
    'instances',
)
# Objects are about as large as in the chips, so anchors that were fitted to
# chips reach as many: 94 % at an IoU of 0.5, and 88 % at a scale of 1.5.
test_scale = 2.0
test_pipeline = [
    dict(type='LoadImageFromFile', color_type='color_ignore_orientation'),
    dict(type='Resize', scale_factor='${test_scale}', keep_ratio=True),
    dict(type='PackDetInputs', meta_keys=test_meta_keys),
]
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='VisDroneDataset',
        data_root='${data_root}/VisDrone2019-DET-val',
        test_mode=True,
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='VisDroneMetric')
test_evaluator = val_evaluator

# Multi-scale test: the scales of the chips, each with its valid range.
tta_pipeline = [
    dict(type='LoadImageFromFile', color_type='color_ignore_orientation'),
    dict(
        type='ViewsOfImage',
        scales='${scales}',
        chip_size='${chip_size}',
        transforms=[[dict(type='PackChipInputs', meta_keys=test_meta_keys)]],
    ),
]
tta_model = dict(type='MultiScaleTTA', iou_thr=0.5, max_per_img=500)

# Slices: windows over an image of any size, detected in batches and merged. A
# pass without a window is the whole image.
slice_pipeline = [
    dict(type='LoadImage'),
    dict(type='PackImage', meta_keys=test_meta_keys),
]
slice_model = dict(
    type='SliceTTA',
    slices=[dict(window=640, overlap=0.2, scale_factor='${test_scale}')],
    # None: 4 slices at once on a GPU, 1 on a CPU.
    batch_size=None,
    border='drop',
    iou_thr=0.5,
    max_per_img=500,
)
# Workers would hold more decoded images, and send copies.
slice_dataloader = dict(num_workers=0, persistent_workers=False)
