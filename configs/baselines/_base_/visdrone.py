# VisDrone-DET as whole images, as MMDetection reads COCO: train on train, test
# on val by the official score. MMDetection's configs define data as well; the
# names here differ, so that both can be bases of one config.
visdrone_root = 'data'
visdrone_mean = (103.53, 116.28, 123.675)  # BGR: the images are not yet RGB

# Masked or ignored, as in the method's configs: ignored regions, then objects
# that do not count.
visdrone_load = [
    dict(type='LoadImage'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='MaskIgnoredRegions', color=visdrone_mean),
]
# Heads that drop ignored instances would learn them as background.
visdrone_load_masked = [
    *visdrone_load,
    dict(type='MaskIgnoredInstances', color=visdrone_mean),
]

visdrone_train_pipeline = [
    *visdrone_load,
    dict(type='Resize', scale=(1333, 800), keep_ratio=True),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackDetInputs'),
]
visdrone_meta_keys = (
    'img_id',
    'img_path',
    'ann_path',
    'ori_shape',
    'img_shape',
    'scale_factor',
)
visdrone_test_pipeline = [
    dict(type='LoadImageFromFile', color_type='color_ignore_orientation'),
    dict(type='Resize', scale=(1333, 800), keep_ratio=True),
    dict(type='PackDetInputs', meta_keys=visdrone_meta_keys),
]
visdrone_train = dict(
    type='VisDroneDataset',
    data_root=visdrone_root + '/VisDrone2019-DET-train',
    filter_cfg=dict(filter_empty_gt=True),
)
visdrone_val = dict(
    type='VisDroneDataset',
    data_root=visdrone_root + '/VisDrone2019-DET-val',
    test_mode=True,
)
visdrone_evaluator = dict(type='VisDroneMetric')
