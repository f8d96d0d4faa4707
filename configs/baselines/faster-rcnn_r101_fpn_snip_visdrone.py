# SNIP (arXiv 1711.08189) with the method's detector: whole images at the
# scales of the chips, where objects out of a scale's range are ignored, and
# so are the anchors on them. Test it at the same scales by `--tta`.
_base_ = '../hcm/faster-rcnn_r101_fpn_chips_visdrone.py'

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='MaskIgnoredRegions', color=_base_.mean_color),
    dict(
        type='RandomChoice',
        transforms=[
            [
                dict(
                    type='ResizeToScale',
                    chip_size=_base_.chip_size,
                    window=scale['window'],
                    valid_range=scale['valid_range'],
                )
            ]
            for scale in _base_.scales
        ],
    ),
    dict(type='IgnoreOutOfRange'),
    # The finest scale of a whole image takes more memory than a GPU has.
    dict(type='RandomCrop', crop_size=(1000, 1000), allow_negative_crop=True),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackDetInputs'),
]
train_dataloader = dict(dataset=dict(scales=None, pipeline=train_pipeline))
