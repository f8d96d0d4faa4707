# Row 5: hard chips, mined after half of the epochs, next to normal ones.
_base_ = 'cpu_chips.py'

default_hooks = dict(
    mining=dict(
        type='HardChipMiningHook',
        epochs=[_base_.max_epochs // 2],
        canvases=dict(num_canvases=136, num_pastes=15, external_ratio=0.0),
        metric=dict(type='HardChipMetric'),
        # The scale of the test.
        test_scales=[dict(scale_factor=_base_.test_scale)],
        pool=dict(cache_dir=_base_.cache_dir),
        dataloader=dict(num_workers=0),
    ),
    mining_report=dict(type='MiningReportHook'),
)
