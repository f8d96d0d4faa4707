# A fifth of the canvases are DOTA images, their vehicles masked.
_base_ = 'cpu_chips_hard.py'

external_root = 'data/DOTA-v1.0/train'
default_hooks = dict(
    mining=dict(
        canvases=dict(external_ratio=0.2),
        external=[
            dict(
                type='DOTADataset',
                data_root='${external_root}',
                class_map='visdrone',
                # Vehicles guide where and how large objects are pasted.
                filter_cfg=dict(filter_empty_gt=True),
            )
        ],
    )
)
