# The data under the names that a Runner reads; batches as MMDetection's.
_base_ = 'visdrone.py'

data_root = _base_.visdrone_root
train_dataloader = dict(
    batch_size=2,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    batch_sampler=dict(type='AspectRatioBatchSampler'),
    dataset=dict(
        pipeline=_base_.visdrone_train_pipeline, **_base_.visdrone_train
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        pipeline=_base_.visdrone_test_pipeline, **_base_.visdrone_val
    ),
)
test_dataloader = val_dataloader
val_evaluator = _base_.visdrone_evaluator
test_evaluator = val_evaluator
