# SNIPER's negative chips, instead of hard chips.
_base_ = '../hcm/faster-rcnn_r101_fpn_chips_visdrone.py'

default_hooks = dict(
    mining=dict(
        type='HardChipMiningHook',
        epochs=[12],
        predict='proposals',
        tta_model=dict(iou_thr=0.7, max_per_img=2000),
        canvases=dict(num_pastes=0, external_ratio=0.0),
        metric=dict(type='NegativeChipMetric', max_chips_per_canvas=2),
    ),
    mining_report=dict(type='MiningReportHook'),
)
