import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhcm.functional.pasting import patch_traits
from mmhcm.functional.pasting.patch_choice import (
    PatchTraits,
    Places,
    choose_patches,
)

LIMITS = (0.5, 1.5)


def slow_costs(patch_ids, log_scales, traits, places, max_look):
    costs = np.zeros(patch_ids.shape)
    for row, column in np.ndindex(*patch_ids.shape):
        patch = patch_ids[row, column]
        reached = np.clip(log_scales[row], *np.log(LIMITS))
        misses = np.abs(log_scales[row] - reached)
        cost = abs(reached[column]) + 10 * misses[column]
        if misses[column] > misses.min() + 0.2:
            cost = np.inf
        if not np.isnan(places.log_aspects[row]):
            cost += abs(traits.log_aspects[patch] - places.log_aspects[row])
        cost += np.abs(traits.views[patch] - places.view).sum()
        if traits.looks is not None and places.looks is not None:
            gaps = traits.looks[patch] - places.looks[row]
            gap = np.sqrt(np.square(gaps[:3]).mean()) + abs(gaps[3])
            cost += gap / 25 if gap <= max_look else np.inf
        costs[row, column] = cost
    return costs


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


@pytest.mark.usefixtures('loops')
@settings(max_examples=60)
@given(
    st.integers(0, 10**6),
    st.integers(0, 6),
    st.integers(1, 5),
    st.sampled_from([40, 120, 999]),
    st.booleans(),
)
def test_the_cheapest_is_chosen_in_turn_and_none_twice(
    seed, num, k, max_look, has_looks
):
    rng = np.random.default_rng(seed)
    traits = PatchTraits(
        np.zeros(9),
        rng.normal(0, 1, 9),
        rng.uniform(0, 255, (9, 4)).astype(np.float32),
        rng.normal(0, 1, (9, 2)),
        np.zeros(3),
    )
    places = Places(
        rng.choice([0.3, np.nan], num),
        rng.uniform(0, 255, (num, 4)) if has_looks else None,
        rng.normal(0, 1, 2),
    )
    patch_ids = rng.integers(0, 9, (num, k))
    log_scales = rng.normal(0, 0.6, (num, k))
    used = set(rng.integers(0, 9, 2).tolist())
    args = patch_ids, log_scales, LIMITS, traits, places, max_look
    out = choose_patches(*args, used)
    costs = slow_costs(patch_ids, log_scales, traits, places, max_look)
    assert out.tolist() == slow_choice(patch_ids, costs, used)
    assert choose_patches(*args, None).tolist() == costs.argmin(1).tolist()
    chosen = patch_ids[np.arange(num), out][out >= 0].tolist()
    assert len(set(chosen)) == len(chosen)
    assert not set(chosen) & used


def choose_one(log_scales, traits=None, looks=None, max_look=50.0):
    """Choose among patches 0, 1, ... for one position."""
    num = len(log_scales)
    if traits is None:
        traits = patch_traits(
            np.ones((num, 2)), np.zeros(num), np.zeros(1, int)
        )
    places = Places(np.full(1, np.nan), looks, np.zeros(1))
    ids = np.arange(num)[None]
    args = np.asarray(log_scales)[None], LIMITS, traits, places, max_look
    return choose_patches(ids, *args, set())[0]


def test_size_decides():
    # A change within the limits costs less than a miss.
    assert choose_one(np.log([1.65, 0.6])) == 1
    # The closest patch is allowed at any distance.
    assert choose_one(np.log([6.0, 3.0])) == 1


def test_unknown_looks_have_no_cost():
    assert choose_one([0.1, 0.0], looks=np.full((1, 4), 9.0), max_look=0) == 1


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
