import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mmhcm.functional.boxes import contains
from mmhcm.functional.chips import ChipScale, negative_chips

SCALES = [ChipScale(64, (0, np.inf), 8)]
EMPTY = np.zeros((0, 4), dtype=np.float32)


def cluster(x, y, count, side=8):
    corners = np.array([[x + i % 4, y + i // 4] for i in range(count)])
    return np.hstack([corners, corners + side]).astype(np.float32)


def test_no_proposals():
    chips = negative_chips(EMPTY, EMPTY, (200, 100), SCALES)
    assert chips.windows.shape == (0, 4)
    assert chips.covered.shape == (0,)


def test_dense_background_is_taken_and_sparse_is_not():
    proposals = np.concatenate([cluster(10, 10, 12), cluster(150, 60, 5)])
    chips = negative_chips(
        proposals, EMPTY, (200, 100), SCALES, min_proposals=10
    )
    assert len(chips.windows) == 1
    assert chips.covered.tolist() == [True] * 12 + [False] * 5


def test_positive_chips_take_their_proposals():
    proposals = cluster(10, 10, 12)
    positive = np.array([[0, 0, 64, 64]], dtype=np.float32)
    chips = negative_chips(
        proposals, positive, (200, 100), SCALES, min_proposals=1
    )
    assert len(chips.windows) == 0
    assert not chips.covered.any()


@given(
    st.lists(st.tuples(st.integers(0, 190), st.integers(0, 90)), max_size=40),
    st.integers(1, 5),
    st.integers(1, 4),
)
def test_windows_hold_enough_and_are_few(corners, min_proposals, max_chips):
    corners = np.array(corners, dtype=np.float32).reshape(-1, 2)
    proposals = np.hstack([corners, np.minimum(corners + 9, (200, 100))])
    chips = negative_chips(
        proposals,
        EMPTY,
        (200, 100),
        SCALES,
        min_proposals=min_proposals,
        max_chips=max_chips,
    )
    held = contains(chips.windows, proposals)
    assert len(chips.windows) <= max_chips
    assert (held.sum(axis=1) >= min_proposals).all()
    assert (chips.covered == held.any(axis=0)).all()
