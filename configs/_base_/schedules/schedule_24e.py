# 12 epochs on normal chips, 12 on normal and hard ones; the rate restarts.
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=24, val_interval=4)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')

optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.02, momentum=0.9, weight_decay=0.0001),
    clip_grad=dict(max_norm=35, norm_type=2),
)
param_scheduler = [
    dict(
        type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=1000
    ),
    dict(
        type='MultiStepLR',
        milestones=[8, 11, 20, 23],
        gamma=0.1,
        by_epoch=True,
    ),
    # Retraining begins at the full rate again: two steps of 0.1 undone.
    dict(type='MultiStepLR', milestones=[12], gamma=100, by_epoch=True),
]
# The rate is for 8 processes x 2 chips; for other batches it is scaled.
auto_scale_lr = dict(enable=True, base_batch_size=16)
