# Own data in COCO format. A child config sets `data_root` and `classes`, and
# what else differs; all values below that refer to them follow.
_base_ = 'visdrone_chips.py'

classes = ('object',)
train_ann = 'train.json'
train_images = 'train'
val_ann = 'val.json'
val_images = 'val'
test_ann = '${val_ann}'
test_images = '${val_images}'

train_dataset = dict(
    _delete_=True,
    type='CheckedCocoDataset',
    data_root='${data_root}',
    ann_file='${train_ann}',
    data_prefix=dict(img='${train_images}'),
    metainfo=dict(classes='${classes}'),
    filter_cfg=dict(filter_empty_gt=True),
)
train_dataloader = dict(dataset=dict(dataset=train_dataset))
val_dataset = dict(
    type='CheckedCocoDataset',
    data_root='${data_root}',
    ann_file='${val_ann}',
    data_prefix=dict(img='${val_images}'),
    metainfo=dict(classes='${classes}'),
    test_mode=True,
    pipeline=_base_.test_pipeline,
)
val_dataloader = dict(dataset=dict(val_dataset, _delete_=True))
test_dataloader = dict(
    dataset=dict(
        val_dataset,
        _delete_=True,
        ann_file='${test_ann}',
        data_prefix=dict(img='${test_images}'),
    )
)
# Judges by the annotations as the data set reads them, of whatever format.
val_evaluator = dict(
    _delete_=True, type='CocoMetric', metric='bbox', classwise=True
)
test_evaluator = val_evaluator
