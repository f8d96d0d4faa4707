import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmhcm.functional.pasting import index_pool
from mmhcm.functional.pasting.pool_index import pick_any, pick_near

WH = np.array([[8, 8], [64, 64], [16, 16], [0, 9], [32, 32], [10, 10]])
LABELS = np.array([0, 0, 0, 0, 0, 2])


def test_empty_pool():
    index = index_pool(np.zeros((0, 2)), np.zeros(0), 3)
    assert index.order.shape == (0,)
    assert index.starts.tolist() == [0, 0, 0, 0]
    assert np.isnan(index.class_log_sizes).all()


def test_index_sorts_by_class_and_size_and_leaves_out_empty_objects():
    index = index_pool(WH, LABELS, 4)
    assert index.order.tolist() == [0, 2, 4, 1, 5]
    assert index.starts.tolist() == [0, 4, 4, 5, 5]
    np.testing.assert_allclose(
        np.exp(index.class_log_sizes), [2**4.5, np.nan, 10, np.nan]
    )


@pytest.mark.parametrize(
    ('label', 'wanted', 'limits', 'expected'),
    [
        (0, 20, (0.5, 2.0), {2, 4}),
        (0, 16, (0.5, 2.0), {0, 2, 4}),
        (0, 16, (1.0, 1.0), {2}),
        (0, 20, (0.9, 1.1), {4}),
        (0, 500, (0.5, 2.0), {1}),
        (0, 1, (0.5, 2.0), {0}),
        (2, 500, (0.5, 2.0), {5}),
        (2, 1, (0.5, 2.0), {5}),
    ],
)
def test_pick_near_takes_what_is_in_reach(label, wanted, limits, expected):
    index = index_pool(WH, LABELS, 4)
    picks = np.linspace(0, 0.999, 50)
    ids = pick_near(
        index,
        np.full(50, label),
        # A little off the exact limit, which rounding may put on either side.
        np.full(50, np.log(wanted)),
        picks,
        (limits[0] * (1 - 1e-9), limits[1] * (1 + 1e-9)),
    )
    assert set(ids.tolist()) == expected


@given(st.lists(st.integers(0, 2), min_size=1), st.floats(0, 0.999))
def test_picks_have_the_class_asked_for(labels, pick):
    labels = np.asarray(labels)
    wh = np.random.default_rng(0).uniform(1, 99, (len(labels), 2))
    index = index_pool(wh, labels, 3)
    asked = np.unique(labels)
    picks = np.full(len(asked), pick)
    np.testing.assert_array_equal(labels[pick_any(index, asked, picks)], asked)
    for size in (1e-30, 7.0, 1e30):
        ids = pick_near(
            index, asked, np.full(len(asked), np.log(size)), picks, (0.5, 2)
        )
        np.testing.assert_array_equal(labels[ids], asked)
