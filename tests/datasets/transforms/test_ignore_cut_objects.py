import numpy as np
import pytest
from mmdet.registry import TRANSFORMS
from mmdet.structures.bbox import HorizontalBoxes


def run(bboxes, flags=None, **kwargs):
    bboxes = np.asarray(bboxes, dtype=np.float32).reshape(-1, 4)
    flags = np.zeros(len(bboxes), bool) if flags is None else flags
    results = TRANSFORMS.build({'type': 'IgnoreCutObjects', **kwargs})(
        {
            'img_shape': (80, 100),
            'gt_bboxes': HorizontalBoxes(bboxes),
            'gt_ignore_flags': np.asarray(flags),
        }
    )
    return results['gt_bboxes'].numpy().tolist(), [
        bool(flag) for flag in results['gt_ignore_flags']
    ]


def test_no_objects():
    assert run([]) == ([], [])


def test_cut_objects_are_clipped_and_ignored_below_the_share():
    bboxes, flags = run(
        [[10, 10, 20, 20], [-10, 0, 10, 9], [-11, 0, 9, 9], [90, 70, 111, 90]],
    )
    assert bboxes == [
        [10, 10, 20, 20],
        [0, 0, 10, 9],
        [0, 0, 9, 9],
        [90, 70, 100, 80],
    ]
    # Half of the second is visible, which is enough.
    assert flags == [False, False, True, True]


def test_ignored_objects_stay_ignored():
    assert run([[10, 10, 20, 20]], [True])[1] == [True]


@pytest.mark.parametrize('share', [0, 1.1])
def test_share_is_checked(share):
    with pytest.raises(ValueError, match='min_visible must be in'):
        run([], min_visible=share)
