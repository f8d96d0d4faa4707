import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmhcm.functional.chips import choose_chips, class_weights

CHIPS = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from([1.0, 2.0, 5.0]),
        st.sampled_from([-1.0, 0.3, 0.9]),
    ),
    max_size=14,
)
SHARES = st.sampled_from([0.0, 0.25, 0.5, 0.8, 1.0])


def choose(chips, **kwargs):
    columns = np.array(chips, dtype=np.float64).reshape(-1, 3).T
    return choose_chips(columns[0].astype(int), *columns[1:], **kwargs)


def slow_choice(chips, max_per_canvas, share):
    kept = []
    for owner in range(4):
        mine = [i for i, chip in enumerate(chips) if chip[0] == owner]
        mine.sort(key=lambda i: (-chips[i][1], i))
        kept += mine[:max_per_canvas]
    alone = sorted(
        (i for i in kept if chips[i][2] >= 0), key=lambda i: (-chips[i][2], i)
    )
    others = [i for i in kept if chips[i][2] < 0]
    while alone and len(alone) > share * (len(alone) + len(others)) + 1e-9:
        alone.pop()
    return sorted(alone + others)


@given(CHIPS, st.sampled_from([None, 0, 1, 3]), SHARES)
def test_equals_slow_version(chips, most, share):
    got = choose(chips, max_per_canvas=most, background_share=share)
    assert got.tolist() == slow_choice(chips, most, share)


def test_a_share_is_of_all_chips():
    chips = [(0, 1, -1)] * 3 + [(0, 1, 0.5), (1, 1, 0.7)]
    assert choose(chips, background_share=0.25).tolist() == [0, 1, 2, 4]
    assert choose(chips, background_share=0.0).tolist() == [0, 1, 2]
    assert choose(chips[3:], background_share=0.9).tolist() == []
    assert choose(chips[3:]).tolist() == [0, 1]


def test_rare_classes_weigh_more():
    assert class_weights([8, 2, 0], 0).tolist() == [1, 1, 1]
    assert class_weights([8, 2, 0], 1).tolist() == [1, 4, 8]
    assert class_weights([8, 2, 0], 0.5) == pytest.approx([1, 2, 8**0.5])
    assert class_weights([], 1).tolist() == []
