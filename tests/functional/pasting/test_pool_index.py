import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mmhcm.functional.pasting import index_pool
from mmhcm.functional.pasting.pool_index import pick_any, pick_near, thin_index

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


@given(st.lists(st.integers(0, 2), min_size=1), st.floats(0, 0.999))
def test_picks_have_the_class_asked_for(labels, pick):
    labels = np.asarray(labels)
    wh = np.random.default_rng(0).uniform(1, 99, (len(labels), 2))
    index = index_pool(wh, labels, 3)
    asked = np.unique(labels)
    picks = np.full(len(asked), pick)
    ids = pick_any(index, asked, picks, 2)
    np.testing.assert_array_equal(labels[ids], np.stack([asked, asked], 1))
    for size in (1e-30, 7.0, 1e30):
        ids = pick_near(
            index,
            asked,
            np.full(len(asked), np.log(size)),
            picks,
            (0.5, 2),
            2,
        )
        np.testing.assert_array_equal(labels[ids], np.stack([asked, asked], 1))


@given(st.integers(0, 10**6), st.integers(1, 12))
def test_candidates_are_in_reach_or_the_next_in_size(seed, num):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, 20)
    wh = np.exp(rng.uniform(1, 4, 20))[:, None].repeat(2, axis=1)
    index = index_pool(wh, labels, 2)
    label = labels[0]
    wanted = np.exp(rng.uniform(0, 5))
    (ids,) = pick_near(
        index,
        np.array([label]),
        np.log([wanted]),
        rng.random(1),
        (0.5, 1.5),
        num,
    )
    own = np.flatnonzero(labels == label)
    scales = wanted / wh[own, 0]
    reach = own[(scales >= 0.5) & (scales <= 1.5)]
    assert len(set(ids.tolist())) == min(num, len(own))
    if len(reach) >= num:
        assert set(ids.tolist()) <= set(reach.tolist())
    else:
        assert set(reach.tolist()) <= set(ids.tolist())
        # One run of sizes, without a gap.
        run = own[np.argsort(wh[own, 0])].tolist()
        places = sorted(run.index(ind) for ind in set(ids.tolist()))
        assert places == list(range(places[0], places[-1] + 1))


@given(st.integers(0, 10**6), st.floats(0, 1))
def test_a_thin_index_is_a_part_of_each_class(seed, share):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, 30)
    index = index_pool(rng.uniform(1, 99, (30, 2)), labels, 4)
    at_least = rng.integers(0, 20, 4)
    out = thin_index(index, share, at_least, rng)
    counts = np.bincount(labels, minlength=4)
    expected = np.minimum(
        np.maximum(np.ceil(share * counts), at_least), counts
    )
    np.testing.assert_array_equal(np.diff(out.starts), expected)
    assert len(set(out.order.tolist())) == len(out.order)
    kept = np.repeat(np.arange(4), np.diff(out.starts))
    np.testing.assert_array_equal(labels[out.order], kept)
    assert (np.diff(out.keys) >= 0).all()


def test_every_patch_is_thinned_out_alike():
    labels = np.zeros(10, dtype=int)
    index = index_pool(np.arange(1, 21).reshape(10, 2), labels, 1)
    rng = np.random.default_rng(0)
    drawn = [thin_index(index, 0.25, [0], rng).order for _ in range(2000)]
    counts = np.bincount(np.concatenate(drawn), minlength=10)
    # Three of ten each time.
    np.testing.assert_allclose(counts / 2000, 0.3, atol=0.04)
