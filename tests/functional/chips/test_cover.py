import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhcm.functional.chips import cover
from mmhcm.functional.chips.cover import cover_greedily
from mmhcm.functional.chips.grid import ScaleGrid
from tests.functional.chips.test_grid import draw_scene


def draw_grids(seed):
    hulls, valid, image_wh, window_wh, stride = draw_scene(seed)
    small = (max(1, window_wh[0] // 2), max(1, window_wh[1] // 2))
    fits = (hulls[:, 2:] - hulls[:, :2] <= small).all(axis=1)
    grids = [
        ScaleGrid(hulls, ok, image_wh, wh, stride)
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
@given(st.integers(0, 2**32 - 1), st.sampled_from([2, 99]))
@pytest.mark.parametrize('exact_in_float32', [True, False])
def test_greedy_is_the_slow_greedy(exact_in_float32, seed, limit):
    grids, wanted = draw_grids(seed)
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


def test_nothing_to_cover():
    chosen, held = cover_greedily([], np.zeros(3, dtype=bool), 9)
    assert chosen.shape == (0,)
    assert held.shape == (0, 3)
