# RTMDet-tiny, as rtmdet_l.py.
_base_ = 'rtmdet_l.py'

from mmengine.hub import get_config  # noqa: E402

tiny = get_config('mmdet::rtmdet/rtmdet_tiny_8xb32-300e_coco.py').model
model = dict(
    backbone=dict(
        deepen_factor=tiny.backbone.deepen_factor,
        widen_factor=tiny.backbone.widen_factor,
        init_cfg=tiny.backbone.init_cfg,
    ),
    neck=dict(
        in_channels=tiny.neck.in_channels,
        out_channels=tiny.neck.out_channels,
        num_csp_blocks=tiny.neck.num_csp_blocks,
    ),
    bbox_head=dict(
        in_channels=tiny.bbox_head.in_channels,
        feat_channels=tiny.bbox_head.feat_channels,
        exp_on_reg=tiny.bbox_head.exp_on_reg,
    ),
)
del tiny
