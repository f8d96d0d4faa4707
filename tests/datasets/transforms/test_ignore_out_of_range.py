import numpy as np
import pytest
from mmdet.registry import TRANSFORMS
from mmdet.structures.bbox import HorizontalBoxes


def ignore(sides, valid_range, factor=1.0, flags=None):
    """Flags of squares, whose sides are source pixels."""
    sides = np.asarray(sides, dtype=np.float32).reshape(-1)
    corner = np.zeros((len(sides), 2))
    bboxes = np.column_stack([corner, sides * factor, sides * factor])
    results = {
        'gt_bboxes': HorizontalBoxes(bboxes.astype(np.float32)),
        'gt_ignore_flags': np.zeros(len(sides), bool)
        if flags is None
        else np.array(flags),
        'scale_factor': (factor, factor),
        'valid_range': valid_range,
    }
    transform = TRANSFORMS.build(dict(type='IgnoreOutOfRange'))
    return transform(results)['gt_ignore_flags'].tolist()


@pytest.mark.parametrize('factor', [0.5, 1.0, 4.0])
def test_range_is_of_source_pixels(factor):
    assert ignore([7.5, 8, 15.5, 16, 20], (8, 16), factor) == [
        True,
        False,
        False,
        True,
        True,
    ]


def test_other_flags_stay():
    flags = ignore([4, 10, 20], (8, np.inf), flags=[False, True, False])
    assert flags == [True, True, False]


def test_no_objects():
    assert ignore([], (8, 16)) == []
