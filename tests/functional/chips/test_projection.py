import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mmhcm.functional.chips import (
    ChipScale,
    count_learned_objects,
    valid_objects,
)
from mmhcm.functional.chips.projection import (
    assign_to_chip,
    find_learned_objects,
)

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


def test_half_of_an_object_has_to_be_visible():
    windows = [[4, 0, 44, 40], [5, 0, 45, 40], [6, 0, 46, 40]]
    args = (
        [[0, 0, 10, 10]],
        windows,
        [0, 0, 0],
        (100, 90),
        [ChipScale(40, (0, 99))],
    )
    assert find_learned_objects(*args)[:, 0].tolist() == [True, True, False]
    assert count_learned_objects(*args).tolist() == [1, 1, 0]
    wider = count_learned_objects(*args, min_visible=0.3)
    assert wider.tolist() == [1, 1, 1]


def test_a_sliver_is_learned_if_no_share_is_asked_for():
    args = [[0, 0, 1, 1]], [[0.5, 0, 40, 40], [1, 0, 41, 40]], [0, 0]
    found = find_learned_objects(
        *args, (100, 90), [ChipScale(40, (0, 99))], min_visible=0
    )
    assert found[:, 0].tolist() == [True, False]


def test_no_window_learns_nothing():
    found = find_learned_objects(
        [[0, 0, 10, 10]], [], [], (100, 90), [ChipScale(40, (0, 99))]
    )
    assert found.shape == (0, 1)
