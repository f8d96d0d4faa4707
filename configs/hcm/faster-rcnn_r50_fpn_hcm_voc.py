# The same for folders in Pascal VOC's format: JPEGImages, Annotations, and
# lists of images in ImageSets/Main.
_base_ = 'faster-rcnn_r50_fpn_hcm_coco.py'

train_ann = 'ImageSets/Main/train.txt'
train_images = 'JPEGImages'
val_ann = 'ImageSets/Main/val.txt'
val_images = 'JPEGImages'

train_dataset = dict(
    type='CheckedVOCDataset',
    img_subdir='${train_images}',
    data_prefix=dict(_delete_=True, sub_data_root=''),
)
train_dataloader = dict(dataset=dict(dataset=train_dataset))
val_dataset = dict(train_dataset, img_subdir='${val_images}')
val_dataloader = dict(dataset=val_dataset)
test_dataloader = dict(dataset=dict(val_dataset, img_subdir='${test_images}'))
