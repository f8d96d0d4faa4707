import pytest
from mmdet.registry import TRANSFORMS

REPRS = {
    'CropChip(chip_size=32, min_visible=0.5, '
    'pad_color=(103.53, 116.28, 123.675))': dict(chip_size=32),
    'IgnoreOutOfRange()': {},
    'MaskIgnoredInstances(color=(1, 2, 3))': dict(color=[1, 2, 3]),
    'MaskIgnoredRegions(color=(1, 2, 3))': dict(color=[1, 2, 3]),
    'PasteObjects(in_place=True)': {},
    'ResizeToScale(scale_factor=None, chip_size=64, window=None, '
    'valid_range=(0, 9), max_side=None)': dict(
        chip_size=64, valid_range=[0, 9]
    ),
}


@pytest.mark.parametrize('text', REPRS)
def test_registered_transforms_list_their_arguments(text):
    name = text.partition('(')[0]
    assert repr(TRANSFORMS.build(dict(type=name, **REPRS[text]))) == text
