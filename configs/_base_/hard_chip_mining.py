# Hard chip mining, for any config that trains on chips: name this file as a
# second base. Mines after 12 of 24 epochs; a list of epochs gives rounds.
custom_hooks = [
    dict(
        type='HardChipMiningHook',
        epochs=[12],
        canvases=dict(num_pastes=20, class_power=1.0, external_ratio=0.2),
        metric=dict(type='HardChipMetric', score_thr=0.3),
        pool=dict(
            max_per_class=2000,
            num_workers=8,
            cache_dir='work_dirs/cache',
        ),
        # Canvases of other data sets: ambiguous classes are masked.
        external=[],
    )
]
