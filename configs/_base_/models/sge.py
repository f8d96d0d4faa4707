# Spatial group-wise enhance for a ResNet of bottlenecks: name this file as a
# second base and add `model = dict(backbone=_base_.sge)`. A frozen first stage
# goes without, and norms learn, since a ResNet's weights know no such factor.
sge = dict(
    plugins=[
        dict(
            cfg=dict(type='SpatialGroupEnhance', groups=64),
            stages=(False, True, True, True),
            position='after_conv3',
        )
    ],
    norm_cfg=dict(type='BN', requires_grad=True),
    norm_eval=False,
)
