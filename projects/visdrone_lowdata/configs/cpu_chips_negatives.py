# Row 4: conventional negative chips (background windows dense in proposals)
# instead of hard ones, mined at the same time from as many images.
_base_ = 'cpu_chips.py'

default_hooks = dict(
    mining=dict(
        type='HardChipMiningHook',
        epochs=[_base_.max_epochs // 2],
        predict='proposals',
        tta_model=dict(iou_thr=0.7, max_per_img=2000),
        canvases=dict(num_canvases=136, num_pastes=0, external_ratio=0.0),
        test_scales=[dict(scale_factor=_base_.test_scale)],
        metric=dict(type='NegativeChipMetric', max_chips_per_canvas=4),
        dataloader=dict(num_workers=0),
    ),
    mining_report=dict(type='MiningReportHook'),
)
