# The same for images and label files in YOLO's format. `classes` are the names
# of data.yaml, in its order. Labels are in the folder of the images with
# `labels` in place of `images`.
_base_ = 'faster-rcnn_r50_fpn_hcm_coco.py'

train_images = 'images/train'
val_images = 'images/val'

train_dataset = dict(
    _delete_=True,
    type='YOLODataset',
    data_root='${data_root}',
    data_prefix=dict(img_path='${train_images}'),
    metainfo=dict(classes='${classes}'),
    filter_cfg=dict(filter_empty_gt=True),
)
train_dataloader = dict(dataset=dict(dataset=train_dataset))
val_dataset = dict(
    _delete_=True,
    type='YOLODataset',
    data_root='${data_root}',
    data_prefix=dict(img_path='${val_images}'),
    metainfo=dict(classes='${classes}'),
    test_mode=True,
    pipeline=_base_.test_pipeline,
)
val_dataloader = dict(dataset=val_dataset)
test_dataloader = dict(
    dataset=dict(val_dataset, data_prefix=dict(img_path='${test_images}'))
)
