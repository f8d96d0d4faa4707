# RRNet on chips, half of them around the objects of images into which rare
# classes are pasted as rectangles, after RRNet's AdaResampling. Its road masks
# were never published: with `canvases.place_masks`, objects are pasted on such
# masks, and otherwise next to objects of their kind.
_base_ = [
    '_base_/models/rrnet_hourglass104.py',
    '../_base_/datasets/visdrone_chips.py',
    '../_base_/schedules/schedule_24e.py',
    '../_base_/default_runtime.py',
    '../_base_/hard_chip_mining.py',
]

train_pipeline = [
    *_base_.train_pipeline[:4],
    dict(type='MaskIgnoredInstances', color=_base_.mean_color),
    *_base_.train_pipeline[4:],
]
train_dataloader = dict(batch_size=4, dataset=dict(pipeline=train_pipeline))
optim_wrapper = dict(_delete_=True, **_base_.rrnet_optimizer)
# No network is asked, so pasting begins with the training.
default_hooks = dict(
    _base_.mining_hooks,
    mining=dict(
        _base_.mining_hooks.mining,
        epochs=[0],
        predict='nothing',
        metric=dict(type='ObjectChipMetric'),
        canvases=dict(
            num_pastes=20,
            class_power=1.0,
            place_masks=None,
            paste=dict(
                scale_limits=(0.5, 2.0),
                max_rotation=0.0,
                flip_prob=0.0,
                alpha_range=(1.0, 1.0),
                hard_edges=True,
            ),
        ),
    ),
)
tta_model = dict(
    method='soft_nms_gaussian',
    merge_cfg=dict(min_score=0.01),
    view_test_cfg=_base_.rrnet_tta_model.view_test_cfg,
)
