import math

import pytest

from mmhcm.datasets import build_scales, scale_factor, scale_settings
from mmhcm.datasets.scale_config import range_of
from mmhcm.structures.files import fingerprint

SCALES = [
    dict(window=32, valid_range=[0, 20]),
    dict(window=None, valid_range=(10, None), stride=5),
]


def test_scales_of_a_config():
    fine, whole = build_scales(SCALES)
    assert (fine.window, fine.valid_range, fine.stride) == (32, (0, 20), None)
    assert whole.valid_range == (10, math.inf)
    assert whole.stride == 5
    # As numbers of one kind, so that 20 and 20.0 have one fingerprint.
    same = build_scales([dict(window=32, valid_range=(0.0, 20.0)), SCALES[1]])
    assert scale_settings(same[0]) == scale_settings(fine)
    assert fingerprint(scale_settings(whole))


def test_a_range_needs_a_lower_end():
    assert range_of([0, None]) == (0, math.inf)
    with pytest.raises(ValueError, match='needs a lower end'):
        range_of([None, 5])


@pytest.mark.parametrize(
    ('scale', 'fault'),
    [
        (dict(window=32), 'a scale has window, valid_range and'),
        (dict(valid_range=(0, None)), 'a scale has window'),
        (dict(window=8, valid_range=(0, None), size=1), 'a scale has window'),
        (dict(window=8, valid_range=(1, None)), 'from 0.0 to 1.0 pixels'),
        (dict(window=8, valid_range=(0, 9)), 'from 9.0 pixels up'),
        (dict(window=0, valid_range=(0, None)), 'window must be positive'),
    ],
)
def test_faults(scale, fault):
    with pytest.raises(ValueError, match=fault):
        build_scales([scale])


@pytest.mark.parametrize(
    ('scale_ind', 'factor'), [(0, 64 / 32), (1, 64 / 200), (2, 64 / 200)]
)
def test_chip_pixels_per_source_pixel(scale_ind, factor):
    scales = build_scales(SCALES)
    assert scale_factor(scales, scale_ind, (100, 200), 64) == factor
