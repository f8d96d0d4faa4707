import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhcm.functional.chips import cover
from mmhcm.functional.chips.cover import cover_greedily, cover_with_fewest
from mmhcm.functional.chips.grid import ScaleGrid
from tests.functional.chips.test_grid import draw_scene


def draw_grids(seed, by_edges):
    hulls, valid, image_wh, window_wh, stride = draw_scene(seed)
    small = (max(1, window_wh[0] // 2), max(1, window_wh[1] // 2))
    fits = (hulls[:, 2:] - hulls[:, :2] <= small).all(axis=1)
    grids = [
        ScaleGrid(hulls, ok, image_wh, wh, stride, by_edges=by_edges)
        for ok, wh in ((valid, window_wh), (fits, small))
        if ok.any()
    ]
    return grids, valid | fits


def slow_greedy(grids, wanted, limit):
    """Choose greedily, comparing all candidates in every turn."""
    left, taken = wanted.copy(), []
    while left.any() and len(taken) < limit:
        best, best_key = None, (0, 0)
        for ind, grid in enumerate(grids):
            for row in grid.rows:
                for column in grid.columns:
                    held = row * column > 0
                    key = ((held & left).sum(), held.sum())
                    if key > best_key:
                        best, best_key = (ind, held), key
        taken.append(best)
        left &= ~best[1]
    return taken


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans(), st.sampled_from([2, 99]))
@pytest.mark.parametrize('exact_in_float32', [True, False])
def test_greedy_is_the_slow_greedy(exact_in_float32, seed, by_edges, limit):
    grids, wanted = draw_grids(seed, by_edges)
    with pytest.MonkeyPatch.context() as patch:
        if not exact_in_float32:
            patch.setattr(cover, '_MAX_FLOAT32', 1)
        wanted_type = np.float32 if exact_in_float32 else np.float64
        assert cover._Scores(grids[0]).scores.dtype == wanted_type
        chosen, held = cover_greedily(grids, wanted, limit)
    taken = slow_greedy(grids, wanted, limit)
    assert chosen.tolist() == [ind for ind, _ in taken]
    np.testing.assert_array_equal(
        held, np.array([objects for _, objects in taken])
    )


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_fewest_covers_fullest_first(seed):
    grids, wanted = draw_grids(seed, by_edges=True)
    chosen, held, proven = cover_with_fewest(grids, wanted, 99)
    assert proven
    assert (held.any(axis=0) | ~wanted).all()
    gains = (held & (np.cumsum(held, axis=0) == held)).sum(axis=1)
    assert (np.diff(gains) <= 0).all()
    assert len(chosen) <= len(cover_greedily(grids, wanted, 99)[0])
    few, few_held, _ = cover_with_fewest(grids, wanted, 1)
    assert few.tolist() == chosen[:1].tolist()
    np.testing.assert_array_equal(few_held, held[:1])


def test_too_many_candidates_are_covered_greedily(monkeypatch):
    grids, wanted = draw_grids(3, by_edges=True)
    monkeypatch.setattr(cover, '_MAX_CANDIDATES', 0)
    chosen, held, proven = cover_with_fewest(grids, wanted, 99)
    assert not proven
    greedy = cover_greedily(grids, wanted, 99)
    np.testing.assert_array_equal(chosen, greedy[0])
    np.testing.assert_array_equal(held, greedy[1])


def test_as_many_candidates_as_are_allowed_are_searched(monkeypatch):
    grids, wanted = draw_grids(3, by_edges=True)
    num = sum(len(grid.candidates()) for grid in grids)
    for limit, proven in ((num, True), (num - 1, False)):
        monkeypatch.setattr(cover, '_MAX_CANDIDATES', limit)
        assert cover_with_fewest(grids, wanted, 99)[2] == proven


def test_nothing_to_cover():
    wanted = np.zeros(3, dtype=bool)
    for found in (
        cover_greedily([], wanted, 9),
        cover_with_fewest([], wanted, 9)[:2],
    ):
        assert found[0].shape == (0,)
        assert found[1].shape == (0, 3)
