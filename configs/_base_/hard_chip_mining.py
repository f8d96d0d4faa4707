# Hard chip mining, for any config that trains on chips: name this file as a
# second base and add `default_hooks = _base_.mining_hooks`. Mines after 12 of
# 24 epochs; several epochs give several rounds.
mining_hooks = dict(
    mining=dict(
        type='HardChipMiningHook',
        epochs=[12],
        canvases=dict(num_pastes=20, class_power=1.0, external_ratio=0.2),
        # Wrong classes, missed objects and background errors, the last up to
        # a quarter of the chips, from the score with the best F1.
        metric=dict(type='HardChipMetric'),
        pool=dict(
            max_per_class=2000,
            num_workers=8,
            cache_dir='work_dirs/cache',
        ),
        # Canvases of other data sets: ambiguous classes are masked.
        external=[],
    ),
    # Writes report.html next to each round.
    mining_report=dict(type='MiningReportHook'),
)
