# A fifth of the canvases are DOTA images, their vehicles masked (section 3.3).
_base_ = 'faster-rcnn_r101_fpn_hcm_visdrone.py'

external_root = 'data/DOTA-v1.0/train'
default_hooks = dict(
    mining=dict(
        external=[
            dict(
                type='DOTADataset',
                data_root='${external_root}',
                class_map='visdrone',
                # Vehicles guide where and how large objects are pasted.
                filter_cfg=dict(filter_empty_gt=True),
            )
        ]
    )
)
