# The whole method: three epochs of normal chips, mining, five more with hard
# chips. Canvases come from the own and from rendered top-down images.
_base_ = 'tiny-detector_scenes.py'

train_dataloader = dict(sampler=dict(hard_ratio=0.7))
default_hooks = dict(
    mining=dict(
        type='HardChipMiningHook',
        epochs=[3],
        canvases=dict(num_canvases=100, num_pastes=15, external_ratio=0.2),
        metric=dict(type='HardChipMetric'),
        pool=dict(cache_dir=_base_.cache_dir),
        dataloader=dict(num_workers=0),
        external=[
            dict(
                type='DOTADataset',
                data_root=_base_.data_root + '/DOTA',
                class_map='visdrone',
            )
        ],
    ),
    mining_report=dict(type='MiningReportHook'),
)
