import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mmhcm.functional.chips import (
    ChipScale,
    count_learned_objects,
    valid_objects,
)
from mmhcm.functional.chips.projection import assign_to_chip

WH = (120, 90)
SCALES = [ChipScale(40, (0, 20)), ChipScale(None, (12, float('inf')))]


@given(seed=st.integers(0, 10_000), n=st.integers(0, 9), m=st.integers(0, 5))
def test_counted_objects_are_those_of_training(seed, n, m):
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 80, (n, 2))
    bboxes = np.concatenate([corner, corner + rng.uniform(0, 40, (n, 2))], 1)
    bboxes = np.minimum(bboxes, [*WH, *WH]).astype(np.float32)
    windows = np.concatenate([w := rng.integers(0, 60, (m, 2)), w + 40], 1)
    scale_inds = rng.integers(0, 2, m)
    valid = valid_objects(bboxes, WH, SCALES)
    expected = [
        assign_to_chip(bboxes, window, valid[:, scale])[1].sum()
        for window, scale in zip(windows, scale_inds, strict=True)
    ]
    got = count_learned_objects(bboxes, windows, scale_inds, WH, SCALES)
    assert got.tolist() == expected


def test_cut_objects_and_other_sizes_do_not_count():
    scales = [ChipScale(40, (0, 20)), ChipScale(80, (20, float('inf')))]
    windows = [(0, 0, 40, 40), (0, 0, 80, 80)]
    # Whole and small; cut to 30 %; large.
    bboxes = [(5, 5, 15, 15), (37, 20, 47, 30), (0, 0, 40, 40)]
    got = count_learned_objects(bboxes, windows, [0, 1], (100, 90), scales)
    assert got.tolist() == [1, 1]
    none = count_learned_objects([], windows, [0, 1], (100, 90), scales)
    assert none.tolist() == [0, 0]
