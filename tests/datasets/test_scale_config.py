import math

import pytest

from mmhcm.datasets.scale_config import build_scales, range_of


def test_no_upper_end():
    assert range_of((3, None)) == (3.0, math.inf)
    assert range_of([0, 40]) == (0.0, 40.0)


def test_a_lower_end_is_needed():
    with pytest.raises(ValueError, match='lower end'):
        range_of((None, 4))


def test_ranges_without_an_end_leave_no_gap():
    scales = build_scales(
        [
            dict(window=64, valid_range=(0, 40)),
            dict(window=None, valid_range=(30, None), stride=7),
        ]
    )
    assert scales[1].valid_range == (30.0, math.inf)
    assert scales[1].stride == 7
