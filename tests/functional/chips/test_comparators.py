import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhcm.functional.boxes import as_bboxes, intersection_areas
from mmhcm.functional.chips import ChipScale, background_chips
from mmhcm.functional.chips.comparators import grid_windows
from mmhcm.functional.regions import union_shares

WH = (200, 150)
SCALES = [ChipScale(40, (0, 30), 16), ChipScale(90, (20, np.inf), 30)]
EMPTY = as_bboxes([])


def draw(bboxes=EMPTY, regions=EMPTY, seed=0, scales=SCALES, **kwargs):
    rng = np.random.default_rng(seed)
    return background_chips(bboxes, regions, WH, scales, rng=rng, **kwargs)


def test_grid_reaches_the_border():
    windows = grid_windows(ChipScale(90, (0, np.inf), 40), (200, 100))
    assert windows[:, 0].tolist() == [0, 40, 80, 110] * 2
    assert windows[:, 1].tolist() == [0] * 4 + [10] * 4
    assert (windows[:, 2:] - windows[:, :2] == 90).all()
    whole = grid_windows(ChipScale(None, (0, np.inf)), (200, 100))
    assert whole.tolist() == [[0, 0, 200, 100]]


@pytest.mark.parametrize(
    'bboxes',
    [[[0, 0, 200, 150]], [[x, y, x + 2, y + 2] for x in range(10, 200, 20)
                          for y in range(5, 150, 20)]],
    ids=['one object', 'many'],
)  # fmt: skip
def test_no_place_without_objects(bboxes):
    chips = draw(bboxes)
    assert chips.windows.shape == (0, 4)
    assert chips.scale_inds.shape == (0,)
    assert chips.covered.shape == (len(bboxes),)


def test_an_image_without_objects_is_all_background():
    chips = draw(max_chips=3)
    assert len(chips.windows) == 3


def test_boxes_without_area_are_background():
    chips = draw([[50, 50, 50, 90]], max_chips=3)
    np.testing.assert_array_equal(chips.windows, draw(max_chips=3).windows)
    assert chips.covered.tolist() == [False]
    assert not chips.covered.any()


def test_every_scale_is_drawn_and_the_seed_decides():
    scales = {int(draw(seed=s, max_chips=1).scale_inds[0]) for s in range(20)}
    assert scales == {0, 1}
    windows = {tuple(draw(seed=s).windows.ravel()) for s in range(20)}
    assert len(windows) > 10
    np.testing.assert_array_equal(draw(seed=4).windows, draw(seed=4).windows)


def test_masked_windows_are_not_taken():
    left = as_bboxes([[0, 0, 150, 150]])
    chips = draw(regions=left, max_chips=20, max_masked=0.0)
    assert len(chips.windows)
    assert (chips.windows[:, 0] >= 150).all()
    assert len(draw(regions=as_bboxes([[0, 0, *WH]])).windows) == 0


@settings(max_examples=50)
@given(st.integers(0, 10**6), st.integers(0, 8), st.integers(1, 4))
def test_windows_show_no_object(seed, num, max_chips):
    rng = np.random.default_rng(seed)
    corners = rng.uniform(0, 140, (num, 2))
    bboxes = as_bboxes(
        np.hstack([corners, corners + rng.uniform(0, 50, (num, 2))])
    )
    regions = as_bboxes([[0, 0, 60, 60]])
    chips = draw(bboxes, regions, seed, max_chips=max_chips)
    assert len(chips.windows) <= max_chips
    assert not intersection_areas(chips.windows, bboxes).any()
    assert (union_shares(chips.windows, regions) <= 0.5).all()
    among = intersection_areas(chips.windows, chips.windows)
    assert np.count_nonzero(among) == len(among)
    assert (chips.windows >= 0).all()
    assert (chips.windows[:, 2:] <= WH).all()
    sides = np.array([scale.window for scale in SCALES])[chips.scale_inds]
    assert (
        chips.windows[:, 2:] - chips.windows[:, :2] == sides[:, None]
    ).all()
