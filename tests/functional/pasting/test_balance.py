from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhcm.functional.pasting import (
    capped_weights,
    class_weights,
    instance_counts,
    use_caps,
)

count_lists = st.lists(st.integers(0, 10**6), max_size=12)


@pytest.mark.parametrize(
    ('labels', 'expected'),
    [([], [0, 0, 0]), ([2], [0, 0, 1]), ([0, 2, 0], [2, 0, 1])],
)
def test_instance_counts(labels, expected):
    counts = instance_counts(np.asarray(labels), 3)
    assert counts.tolist() == expected
    assert counts.dtype == np.int64


@pytest.mark.parametrize('label', [-1, 3])
def test_labels_out_of_range_are_refused(label):
    with pytest.raises(ValueError, match=r'labels must be in \[0, 3\)'):
        instance_counts(np.array([0, label]), 3)


@given(count_lists, st.floats(-50, 50))
def test_weights_are_probabilities_that_follow_the_counts(counts, power):
    weights = class_weights(counts, power)
    assert weights.shape == (len(counts),)
    if any(counts):
        assert weights.sum() == pytest.approx(1)
    for count, weight in zip(counts, weights, strict=True):
        assert weight >= 0
        assert count > 0 or weight == 0
    if power > 0:
        order = np.argsort([c for c in counts if c], kind='stable')
        present = weights[np.asarray(counts, dtype=int) > 0]
        assert (np.diff(present[order]) <= 1e-12).all()


@pytest.mark.parametrize(
    ('counts', 'power'), [([-1, 2], 1.0), ([np.nan], 1.0), ([1], np.nan)]
)
def test_bad_weights_are_refused(counts, power):
    with pytest.raises(ValueError, match='must be'):
        class_weights(counts, power)


def slow_caps(weights, caps, steps=4000):
    """Distribute probability in small steps to classes below their caps."""
    probs = np.zeros(len(weights))
    for _ in range(steps):
        is_open = (probs < caps) & (weights > 0)
        if not is_open.any():
            break
        probs += np.where(is_open, weights, 0) / weights[is_open].sum() / steps
    return probs


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 6))
def test_capped_weights_against_small_steps(seed, num):
    rng = np.random.default_rng(seed)
    weights = class_weights(rng.integers(0, 50, num))
    caps = rng.uniform(0, 1.2 / num, num) * rng.choice([1, 3], num)
    probs, share = capped_weights(weights, caps)
    np.testing.assert_allclose(
        probs * share, slow_caps(weights, caps), atol=0.01
    )
    assert (probs * share <= caps + 1e-9).all()
    assert probs.sum() == pytest.approx(1 if share else 0)


def test_loose_caps_do_not_change_weights():
    weights = class_weights([1, 0, 3])
    probs, share = capped_weights(weights, np.ones(3))
    assert share == 1
    np.testing.assert_array_equal(probs, weights)


def test_use_caps():
    # 100 canvases with 20 objects: 5 uses of 40 patches are a tenth of them.
    caps = use_caps(np.array([40, 0]), 100, 20, 5)
    np.testing.assert_allclose(caps, [0.1, 0])
    # In 3 canvases, no patch is used 5 times.
    np.testing.assert_allclose(use_caps(np.array([4]), 3, 20, 5), [0.2])


@given(
    st.lists(st.integers(0, 10**6), max_size=12),
    st.sampled_from([-2, -1, 0, 1, 2, 5]),
)
def test_weights_follow_the_formula(counts, power):
    # exact: count ** -power, divided by the sum over the classes that occur
    shares = [Fraction(n) ** -power if n else Fraction() for n in counts]
    total = sum(shares) or Fraction(1)
    np.testing.assert_allclose(
        class_weights(np.array(counts, dtype=int), power),
        [float(share / total) for share in shares],
        rtol=1e-9,
    )
