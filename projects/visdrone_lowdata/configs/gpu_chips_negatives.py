# Row 4: conventional negative chips (background windows dense in proposals)
# instead of hard ones, mined at the same time from as many images.
_base_ = 'gpu_chips.py'

default_hooks = dict(
    mining=dict(
        type='HardChipMiningHook',
        epochs=[12],
        predict='proposals',
        tta_model=dict(iou_thr=0.7, max_per_img=2000),
        canvases=dict(num_canvases=557, num_pastes=0, external_ratio=0.0),
        metric=dict(type='NegativeChipMetric', max_chips_per_canvas=2),
        dataloader=dict(num_workers=8),
    ),
    mining_report=dict(type='MiningReportHook'),
)
