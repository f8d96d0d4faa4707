# RefineDet 320: as 512, on squares of 320 pixels.
_base_ = 'refinedet512_vgg16_visdrone.py'

square = dict(type='Resize', scale=(320, 320), keep_ratio=False)
train_pipeline = [
    square if step['type'] == 'Resize' else step
    for step in _base_.train_pipeline
]
test_pipeline = [
    square if step['type'] == 'Resize' else step
    for step in _base_.test_pipeline
]
train_dataloader = dict(dataset=dict(dataset=dict(pipeline=train_pipeline)))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
