import numpy as np
import pytest

from mmhcm.datasets import CropChip, MaskIgnoredRegions

COLOR = (104, 116, 124)  # of the default, rounded


def image():
    rng = np.random.default_rng(0)
    return rng.integers(200, 256, (30, 40, 3), dtype=np.uint8)


def test_only_regions_are_filled():
    results = {
        'img': image(),
        'ignored_regions': [[5, 5, 10, 12], [30.5, 20.5, 60, 60]],
    }
    before = results['img']
    out = MaskIgnoredRegions()(results)['img']
    masked = np.zeros((30, 40), dtype=bool)
    masked[5:12, 5:10] = True
    masked[20:, 30:] = True  # a pixel that is partly inside is masked
    assert (out[masked] == COLOR).all()
    np.testing.assert_array_equal(out[~masked], image()[~masked])
    np.testing.assert_array_equal(before, image())


@pytest.mark.parametrize(
    'results',
    [
        {},
        {'ignored_regions': []},
        {'ignored_regions': np.zeros((0, 4))},
        {'ignored_regions': [[5, 5, 5, 9], [50, 0, 60, 9]]},
    ],
    ids=['no key', 'empty list', 'empty array', 'without area inside'],
)
def test_nothing_to_mask(results):
    out = MaskIgnoredRegions()({'img': image(), **results})['img']
    np.testing.assert_array_equal(out, image())


def test_a_chip_shows_the_mask():
    results = {
        'img': image(),
        'img_path': 'a.png',
        'width': 40,
        'height': 30,
        'ignored_regions': [[10, 10, 20, 20]],
        'instances': [],
        'chip': {
            'window': np.array([5, 5, 25, 25], dtype=np.float32),
            'resize': 2.0,
            'valid': np.zeros(0, dtype=bool),
        },
    }
    chip = CropChip(40)(MaskIgnoredRegions((1, 2, 3))(results))['img']
    assert (chip[12:28, 12:28] == (1, 2, 3)).all()
    assert (chip[:8] >= 200).all()
