import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhcm.functional.chips import grid as chip_grid
from mmhcm.functional.chips.grid import ScaleGrid, grid_positions


def draw_scene(seed):
    """Draw boxes inside an image, some valid, and a window that fits."""
    rng = np.random.default_rng(seed)
    image_wh = rng.integers(10, 60, 2)
    window_wh = np.minimum(rng.integers(5, 40, 2), image_wh)
    num = int(rng.integers(1, 12))
    wh = rng.integers(1, window_wh + 1, (num, 2))
    left_top = rng.integers(0, image_wh - wh + 1)
    hulls = np.concatenate([left_top, left_top + wh], axis=1)
    valid = rng.random(num) < 0.8
    valid[0] = True
    return (
        hulls,
        valid,
        tuple(image_wh.tolist()),
        tuple(window_wh.tolist()),
        int(rng.integers(1, 15)),
    )


def held_at(hulls, valid, window_wh, left, top):
    window = np.array([left, top, left + window_wh[0], top + window_wh[1]])
    inside = (hulls[:, :2] >= window[:2]) & (hulls[:, 2:] <= window[2:])
    return tuple((inside.all(axis=1) & valid).tolist())


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_matrices_hold_the_objects_of_each_window(seed):
    hulls, valid, image_wh, window_wh, stride = draw_scene(seed)
    grid = ScaleGrid(hulls, valid, image_wh, window_wh, stride)
    for row, top in zip(grid.rows, grid.positions[1], strict=True):
        for column, left in zip(grid.columns, grid.positions[0], strict=True):
            held = tuple((row * column > 0).tolist())
            assert held == held_at(hulls, valid, window_wh, left, top)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_windows_lie_in_the_middle(seed):
    hulls, valid, image_wh, window_wh, stride = draw_scene(seed)
    grid = ScaleGrid(hulls, valid, image_wh, window_wh, stride)
    held = grid.rows[:, None] * grid.columns > 0  # (Y, X, n)
    held = np.unique(held.reshape(-1, len(hulls)), axis=0)
    windows = grid.windows(held)
    for window, objects in zip(windows, held, strict=True):
        assert (window[:2] >= 0).all()
        assert (window[2:] <= image_wh).all()
        assert tuple(window[2:] - window[:2]) == window_wh
        around = held_at(hulls, valid, window_wh, *window[:2])
        assert (np.array(around) >= objects).all()
        for axis in range(2):
            room = [
                place
                for place in grid.positions[axis]
                if (hulls[objects, axis] >= place).all()
                and (hulls[objects, axis + 2] <= place + window_wh[axis]).all()
            ]
            assert window[axis] == room[(len(room) - 1) // 2]


@settings(max_examples=150)
@given(st.integers(0, 2**32 - 1))
def test_positions_are_the_obvious_ones(seed):
    hulls, valid, image_wh, window_wh, stride = draw_scene(seed)
    for axis in range(2):
        limit = image_wh[axis] - window_wh[axis]
        first = hulls[valid, axis + 2] - window_wh[axis]
        last = np.minimum(hulls[valid, axis], limit)
        grid = {*range(0, limit, stride), limit}
        aligned = {
            high
            for low, high in zip(first.tolist(), last.tolist(), strict=True)
            if not any(low <= place <= high for place in grid)
        }
        plain = ScaleGrid(hulls, valid, image_wh, window_wh, stride)
        for found in (
            grid_positions(first, last, limit, stride),
            plain.positions[axis],
        ):
            assert found.tolist() == sorted(grid | aligned)


def test_the_upper_left_of_two_middles_is_nearest():
    assert chip_grid._from_middle(1, 4).tolist() == [[1, 0, 1, 2]]
    assert chip_grid._from_middle(4, 1).tolist() == [[1], [0], [1], [2]]
