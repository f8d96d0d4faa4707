# Focal loss over all anchors of a proposal network: a second base, taken by
# `model = _base_.focal_rpn`.
focal_rpn = dict(
    rpn_head=dict(
        # Few anchors are objects: begin with a low score for all.
        init_cfg=dict(
            type='Normal',
            layer='Conv2d',
            std=0.01,
            override=dict(
                type='Normal', name='rpn_cls', std=0.01, bias_prob=0.01
            ),
        ),
        loss_cls=dict(
            _delete_=True,
            type='FocalLoss',
            use_sigmoid=True,
            gamma=2.0,
            alpha=0.25,
            loss_weight=1.0,
        ),
    ),
    train_cfg=dict(
        rpn=dict(sampler=dict(_delete_=True, type='PseudoSampler'))
    ),
)
