# The same for folders in Pascal VOC's format: JPEGImages, Annotations, and
# lists of images in ImageSets/Main.
_base_ = 'faster-rcnn_r50_fpn_hcm_coco.py'

train_ann = 'ImageSets/Main/train.txt'
train_images = 'JPEGImages'
val_ann = 'ImageSets/Main/val.txt'
val_images = 'JPEGImages'

train_dataset = dict(
    _delete_=True,
    type='CheckedVOCDataset',
    data_root='${data_root}',
    ann_file='${train_ann}',
    img_subdir='${train_images}',
    data_prefix=dict(sub_data_root=''),
    metainfo=dict(classes='${classes}'),
    filter_cfg=dict(filter_empty_gt=True),
)
train_dataloader = dict(dataset=dict(dataset=train_dataset))
val_dataset = dict(
    _delete_=True,
    type='CheckedVOCDataset',
    data_root='${data_root}',
    ann_file='${val_ann}',
    img_subdir='${val_images}',
    data_prefix=dict(sub_data_root=''),
    metainfo=dict(classes='${classes}'),
    test_mode=True,
    pipeline=_base_.test_pipeline,
)
val_dataloader = dict(dataset=val_dataset)
test_dataloader = dict(
    dataset=dict(
        val_dataset, ann_file='${test_ann}', img_subdir='${test_images}'
    )
)
