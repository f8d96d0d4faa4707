"""Pipelines that do what they should, and each way in which they do not."""

import numpy as np
import pytest
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS
from mmengine.dataset import Compose

import mmhcm.datasets  # noqa: F401
from mmhcm.engine.checks.pipelines import PipelineCheck

LOAD = {'type': 'LoadImage'}
MASK = {'type': 'MaskIgnoredRegions'}
PASTE = {'type': 'PasteObjects'}
CROP = {'type': 'CropChip', 'chip_size': 96}
FLIP = {'type': 'RandomFlip', 'prob': 0.5}
PACK = {'type': 'PackChipInputs'}
BOXES = {'type': 'LoadAnnotations', 'with_bbox': True}
RESIZE = {'type': 'Resize', 'scale': (160, 96), 'keep_ratio': True}
CHIPS = [LOAD, MASK, PASTE, CROP, FLIP, PACK]
IMAGES = [LOAD, BOXES, MASK, RESIZE, FLIP, {'type': 'PackDetInputs'}]


@TRANSFORMS.register_module()
class FlipPixelsAlone(BaseTransform):
    """A flip that forgets the boxes, half of the time."""

    def transform(self, results):
        if np.random.random() < 0.5:  # noqa: NPY002
            results['img'] = results['img'][:, ::-1]
        return results


@TRANSFORMS.register_module()
class LoadOtherFiles(BaseTransform):
    """A loader of files that a check cannot write."""

    def transform(self, results):
        raise OSError(f'{results["img_path"]} is no .npy file')


def check(pipeline, is_chip=True, **kwargs):
    transforms = Compose(pipeline).transforms
    options = {'has_regions': True, 'has_pastes': is_chip, **kwargs}
    checked = PipelineCheck('data.pipeline', transforms, **options)
    if is_chip:
        checked.check_chips({'img_id': 'a'}, 96)
    else:
        checked.check_images({'img_id': 'a'})


def without(pipeline, *left_out):
    return [step for step in pipeline if step not in left_out]


MORE = [
    {'type': 'PhotoMetricDistortion'},
    {'type': 'RandomAffine'},
    {'type': 'RandomErasing', 'n_patches': (1, 3), 'ratio': (0.1, 0.4)},
    {'type': 'RandomCrop', 'crop_size': (64, 64), 'allow_negative_crop': True},
    {'type': 'RandomResize', 'scale': (96, 96), 'ratio_range': (0.5, 2)},
    {'type': 'CachedMosaic', 'img_scale': (96, 96)},
]


@pytest.mark.parametrize('step', MORE, ids=lambda step: step['type'])
def test_pipelines_of_chips_pass(step):
    check([*CHIPS[:-1], step, PACK])


def test_pipelines_of_whole_images_pass():
    check(IMAGES, is_chip=False)
    masked = [*IMAGES[:3], {'type': 'MaskIgnoredInstances'}, *IMAGES[3:]]
    check(masked, is_chip=False)


FAULTS = {
    'no pasting': (without(CHIPS, PASTE), 'does not paint pasted objects'),
    'late pasting': (
        [LOAD, MASK, CROP, PASTE, FLIP, PACK],
        'paint pasted objects',
    ),
    'flip first': (
        [LOAD, MASK, PASTE, FLIP, CROP, PACK],
        r'pipeline\[3\], RandomFlip, moves the image before its boxes',
    ),
    'rare flip first': (
        [LOAD, {**FLIP, 'prob': 0.15}, MASK, PASTE, CROP, PACK],
        r'pipeline\[1\], RandomFlip, moves the image',
    ),
    'resize first': (
        [LOAD, RESIZE, MASK, PASTE, CROP, PACK],
        r'pipeline\[1\], Resize, moves the image',
    ),
    'whole images': (
        [{'type': 'LoadImageFromFile'}, *without(IMAGES, LOAD)],
        'objects out of the chip or its valid range',
    ),
    'no mask': (without(CHIPS, MASK), 'shows ignored regions'),
    'late mask': ([LOAD, PASTE, CROP, MASK, FLIP, PACK], 'ignored regions'),
    'own flip': (
        [*CHIPS[:4], {'type': 'FlipPixelsAlone'}, PACK],
        r'pipeline\[4\], FlipPixelsAlone, leaves boxes apart',
    ),
    'no loading': (without(CHIPS, LOAD), 'finds no image|loads no image'),
    'no crop': (without(CHIPS, CROP, FLIP), 'gives no boxes'),
    'no packing': (CHIPS[:-1], 'gives no inputs'),
    'nothing': ([], 'loads no image'),
    'pixels that cannot be pasted on': (
        [LOAD, {'type': 'PhotoMetricDistortion'}, *CHIPS[1:]],
        r'pipeline\[3\], PasteObjects, fails: ',
    ),
    'failing': (
        [*CHIPS[:-1], {'type': 'Mosaic'}, PACK],
        r'pipeline\[5\], Mosaic, fails: ',
    ),
}


@pytest.mark.parametrize('fault', FAULTS)
def test_faults_of_chip_pipelines(fault):
    pipeline, message = FAULTS[fault]
    with pytest.raises(ValueError, match=message) as info:
        check(pipeline)
    assert str(info.value).startswith('data.pipeline')
    assert '\n' not in str(info.value)


IMAGE_FAULTS = {
    'no boxes': ([LOAD, MASK, IMAGES[-1]], 'gives no boxes'),
    'flip first': (
        [LOAD, FLIP, BOXES, MASK, IMAGES[-1]],
        r'pipeline\[1\], RandomFlip, moves the image',
    ),
    'no mask': (without(IMAGES, MASK), 'shows ignored regions'),
}


@pytest.mark.parametrize('fault', IMAGE_FAULTS)
def test_faults_of_image_pipelines(fault):
    pipeline, message = IMAGE_FAULTS[fault]
    with pytest.raises(ValueError, match=message):
        check(pipeline, is_chip=False)


def test_masks_and_pastes_are_needed_where_there_are_any():
    check(without(CHIPS, MASK, PASTE), has_regions=False, has_pastes=False)
    # An outer data set packs.
    check(CHIPS[:-1], packs=False)


def test_other_files_are_not_checked():
    check([{'type': 'LoadOtherFiles'}, *CHIPS[1:]])


def test_draws_leave_the_random_state_alone():
    np.random.seed(3)  # noqa: NPY002
    expected = np.random.random()  # noqa: NPY002
    np.random.seed(3)  # noqa: NPY002
    check(CHIPS)
    assert np.random.random() == expected  # noqa: NPY002
