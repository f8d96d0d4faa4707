# The whole method: four epochs of normal chips, mining, four more with hard
# chips. Canvases come from the own and from rendered top-down images.
_base_ = 'tiny-detector_scenes.py'

default_hooks = dict(
    mining=dict(
        type='HardChipMiningHook',
        epochs=[4],
        canvases=dict(num_canvases=40, num_pastes=20, external_ratio=0.15),
        metric=dict(type='HardChipMetric', score_thr=0.3),
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
