# Row 5: hard chips, mined after six of ten epochs, beside normal ones.
_base_ = 'cpu_chips.py'

custom_hooks = [
    dict(
        type='HardChipMiningHook',
        epochs=[6],
        canvases=dict(num_canvases=40, num_pastes=20, external_ratio=0.0),
        metric=dict(type='HardChipMetric'),
        # Where it is tested. At the scales of the chips, which are three and
        # up to 1.6, a round takes five times as long.
        test_scales=[dict(scale_factor=1.0)],
        pool=dict(cache_dir=_base_.cache_dir),
        dataloader=dict(num_workers=0),
    )
]
