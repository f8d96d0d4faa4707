# DINO from COCO weights on normal and hard chips, tested in windows of every
# chip scale.
_base_ = '../modern/dino-5scale_swin-l_hcm_visdrone.py'

load_from = (
    'https://github.com/RistoranteRist/mmlab-weights/releases/download/'
    'dino-swinl/'
    'dino-5scale_swin-l_8xb2-36e_coco-5486e051.pth'
)
optim_wrapper = dict(type='AmpOptimWrapper')
slice_model = dict(
    slices=[
        dict(
            window=scale['window'],
            overlap=0.2,
            chip_size='${chip_size}',
            valid_range=scale['valid_range'],
        )
        for scale in _base_.scales
    ]
)
