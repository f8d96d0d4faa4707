# RRNet on chips, half of them around the objects of images with AdaResampling:
# copies of an image's own small objects, as rectangles, on its roads. The road
# masks were never published: `default_hooks.mining.canvases.place_masks` is a
# folder of masks of your own. Without one, objects are pasted next to objects
# of their kind.
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
        # Every object, as it is: 2.9 GB of patches.
        pool=dict(
            context=0.0,
            min_size=0.0,
            max_occlusion=2,
            max_truncation=1,
            max_ignored=1.0,
            max_foreign=1.0,
            num_workers=8,
            cache_dir='${cache_dir}',
        ),
        canvases=dict(
            ada_resampling=True,
            place_masks=None,
            paste_classes=[
                'pedestrian',
                'people',
                'bicycle',
                'tricycle',
                'awning-tricycle',
                'motor',
            ],
            # Of images without a mask.
            num_pastes=20,
            class_power=1.0,
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
