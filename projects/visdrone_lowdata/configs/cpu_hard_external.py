# A fifth of the canvases are DOTA images, their vehicles masked.
_base_ = 'cpu_chips_hard.py'

external_root = 'data/DOTA-v1.0/train'
custom_hooks = _base_.custom_hooks
custom_hooks[0].canvases.update(external_ratio=0.2)
custom_hooks[0].update(
    external=[
        dict(type='DOTADataset', data_root=external_root, class_map='visdrone')
    ]
)
