# Row 5: hard chips, mined after 12 of 24 epochs, next to normal ones.
_base_ = 'gpu_chips.py'

default_hooks = dict(
    mining=dict(
        type='HardChipMiningHook',
        epochs=[12],
        canvases=dict(num_canvases=557, num_pastes=20, external_ratio=0.0),
        metric=dict(type='HardChipMetric'),
        pool=dict(cache_dir=_base_.cache_dir, num_workers=8),
        dataloader=dict(num_workers=8),
    ),
    mining_report=dict(type='MiningReportHook'),
)
