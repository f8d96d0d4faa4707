import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmhcm.functional.pasting import patch_traits
from mmhcm.functional.pasting.looks import look_distances
from mmhcm.functional.pasting.patch_choice import (
    PatchTraits,
    Places,
    choose_once,
    rescaling_costs,
    trait_costs,
)


def slow_choice(patch_ids, costs, used):
    taken, out = set(used), []
    for ids, row in zip(patch_ids, costs, strict=True):
        free = [
            (cost, column)
            for column, (patch, cost) in enumerate(zip(ids, row, strict=True))
            if patch not in taken and cost < np.inf
        ]
        best = min(free)[1] if free else -1
        if free:
            taken.add(int(ids[best]))
        out.append(best)
    return out


@given(st.integers(0, 10**6), st.integers(0, 6), st.integers(1, 5))
def test_places_choose_the_cheapest_in_turn_and_none_twice(seed, num, k):
    rng = np.random.default_rng(seed)
    patch_ids = rng.integers(0, 8, (num, k))
    costs = rng.choice([0.0, 1.0, 2.0, np.inf], (num, k))
    used = set(rng.integers(0, 8, 2).tolist())
    out = choose_once(patch_ids, costs, used)
    assert out.tolist() == slow_choice(patch_ids, costs, used)
    chosen = patch_ids[np.arange(num), out][out >= 0].tolist()
    assert len(set(chosen)) == len(chosen)
    assert not set(chosen) & used


def test_rescaling_costs():
    logs = np.log([[1.0, 0.5, 1.5, 1.65, 3.0]])
    out = rescaling_costs(logs, (0.5, 1.5))
    rest = np.log(1.5)
    miss = rest + 10 * np.log(1.1)
    expected = [[0, np.log(2), rest, miss, np.inf]]
    np.testing.assert_allclose(out, expected)
    # The closest patch is allowed at any distance.
    out = rescaling_costs(np.log([[3.0, 3.3, 6.0]]), (0.5, 1.5))
    assert np.isfinite(out).tolist() == [[True, True, False]]


@given(st.integers(0, 10**6))
def test_trait_costs_against_a_slow_sum(seed):
    rng = np.random.default_rng(seed)
    traits = PatchTraits(
        rng.normal(0, 1, 9),
        rng.uniform(0, 255, (9, 4)),
        rng.normal(0, 1, (9, 2)),
        np.zeros(3),
    )
    places = Places(
        np.array([0.3, np.nan]),
        rng.uniform(0, 255, (2, 4)),
        rng.normal(0, 1, 2),
    )
    patch_ids = rng.integers(0, 9, (2, 4))
    out = trait_costs(patch_ids, traits, places, max_look=120)
    for row in range(2):
        for column, patch in enumerate(patch_ids[row]):
            cost = np.abs(traits.views[patch] - places.view).sum()
            if row == 0:
                cost += abs(traits.log_aspects[patch] - 0.3)
            gap = look_distances(traits.looks[patch], places.looks[row])
            cost += gap / 25 if gap <= 120 else np.inf
            assert out[row, column] == pytest.approx(cost)


def test_unknown_looks_have_no_cost():
    traits = patch_traits(np.ones((3, 2)), np.zeros(3), np.zeros(1, int))
    places = Places(np.full(1, np.nan), np.full((1, 4), 9.0), np.zeros(1))
    out = trait_costs(np.array([[0, 1, 2]]), traits, places, max_look=0)
    assert out.tolist() == [[0, 0, 0]]


def test_traits_of_a_pool():
    """Class 0 is twice as high as wide, but as wide in image 1."""
    wh = np.array([[10, 20], [10, 10], [30, 15]])
    labels = np.array([0, 0, 1])
    sums = np.zeros((2, 2, 2))
    sums[0, :, 0] = [9, 9 * np.log(2)]
    sums[1, :, 0] = [1, 0]
    out = patch_traits(
        wh,
        labels,
        np.array([0, 1]),
        image_inds=np.array([0, 1, 1]),
        aspect_sums=sums,
    )
    usual = 0.9 * np.log(2)
    np.testing.assert_allclose(out.class_aspects, [usual, 0])
    np.testing.assert_allclose(
        out.log_aspects, [np.log(2) - usual, -usual, -np.log(2)]
    )
    here, there = 0.9 * np.log(2) / 12, -usual / 4
    np.testing.assert_allclose(out.views, [[here, 0], [there, 0], [there, 0]])
