import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhcm.functional.boxes import contains
from mmhcm.functional.chips import (
    ChipScale,
    check_scales,
    count_learned_objects,
    generate_chips,
    project_to_chip,
    valid_objects,
)
from mmhcm.functional.chips.projection import assign_to_chip

INF = float('inf')
SCALES = (
    ChipScale(32, (0, 8), 4),
    ChipScale(64, (6, 20), 8),
    ChipScale(128, (16, INF), 16),
)
WHOLE = (ChipScale(None, (0, INF)),)


@st.composite
def scenes(draw):
    image_wh = draw(st.integers(1, 200)), draw(st.integers(1, 200))
    num = draw(st.integers(0, 25))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    top_left = rng.uniform(0, 1, (num, 2)) * image_wh
    # log-uniform sides: tiny ones, long thin ones, larger than any window
    sides = np.exp(rng.uniform(np.log(0.5), np.log(250), (num, 2)))
    bboxes = np.concatenate([top_left, top_left + sides], axis=1)
    if draw(st.booleans()):
        bboxes = bboxes.round()
    if num and draw(st.booleans()):
        bboxes[0, 2] = bboxes[0, 0]
    return bboxes.astype(np.float32), image_wh


@st.composite
def scale_lists(draw):
    scales = []
    for window in draw(
        st.lists(st.integers(8, 150), min_size=1, max_size=3, unique=True)
    ):
        low = draw(st.sampled_from([0, 4, 10]))
        high = draw(st.sampled_from([12, 30]))
        stride = draw(st.sampled_from([None, 3, 10, 200]))
        scales.append(ChipScale(window, (low, high), stride))
    scales.append(
        ChipScale(
            draw(st.sampled_from([None, 40, 100])),
            (draw(st.sampled_from([0, 12])), INF),
        )
    )
    scales.append(ChipScale(30, (0, 12)))
    return scales


def clip(bboxes, image_wh):
    return np.clip(bboxes, 0, np.array([*image_wh, *image_wh]))


def gains_of_grid(bboxes, image_wh, scales, valid, remaining):
    """Count the uncovered objects in each window of the plain grid."""
    gains = []
    for ind, scale in enumerate(scales):
        width, height = scale.window_wh(image_wh)
        stride = scale.stride or max(1, (scale.window or 9) // 9)
        lefts = {*range(0, image_wh[0] - width, stride), image_wh[0] - width}
        tops = {*range(0, image_wh[1] - height, stride), image_wh[1] - height}
        for left, top in itertools.product(lefts, tops):
            gain = 0
            for n, (x1, y1, x2, y2) in enumerate(bboxes):
                gain += bool(
                    remaining[n]
                    and valid[n, ind]
                    and left <= x1
                    and top <= y1
                    and x2 <= left + width
                    and y2 <= top + height
                )
            gains.append(gain)
    return gains


def held_by(bboxes, chips, valid):
    """Find objects (m, n) that lie whole in each chip, at a valid scale."""
    return contains(chips.windows, bboxes) & valid[:, chips.scale_inds].T


@settings(deadline=None, max_examples=150)
@given(scenes(), scale_lists())
def test_every_object_with_area_is_covered(scene, scales):
    bboxes, image_wh = scene
    chips = generate_chips(bboxes, image_wh, scales)
    valid = valid_objects(bboxes, image_wh, scales)
    clipped = clip(bboxes, image_wh)
    has_area = (clipped[:, 2:] > clipped[:, :2]).all(axis=1)
    held = held_by(clipped, chips, valid)
    np.testing.assert_array_equal(valid.any(axis=1), has_area)
    np.testing.assert_array_equal(held.any(axis=0), has_area)
    np.testing.assert_array_equal(chips.covered, has_area)
    assert chips.num_excluded == (~has_area).sum()


@settings(deadline=None, max_examples=60)
@given(scenes(), scale_lists())
def test_windows_have_the_size_of_their_scale_inside_the_image(scene, scales):
    bboxes, image_wh = scene
    chips = generate_chips(bboxes, image_wh, scales)
    assert chips.windows.dtype == np.float32
    assert (chips.windows[:, :2] >= 0).all()
    assert (chips.windows[:, 2:] <= image_wh).all()
    np.testing.assert_array_equal(chips.windows, chips.windows.round())
    for window, ind in zip(chips.windows, chips.scale_inds, strict=True):
        expected = image_wh
        if ind < len(scales):
            expected = scales[ind].window_wh(image_wh)
        assert tuple(window[2:] - window[:2]) == expected


@settings(deadline=None, max_examples=60)
@given(scenes(), scale_lists(), st.randoms(use_true_random=False))
def test_order_of_boxes_does_not_matter(scene, scales, random):
    bboxes, image_wh = scene
    order = list(range(len(bboxes)))
    random.shuffle(order)
    chips = generate_chips(bboxes, image_wh, scales)
    shuffled = generate_chips(bboxes[order], image_wh, scales)
    np.testing.assert_array_equal(chips.windows, shuffled.windows)
    np.testing.assert_array_equal(chips.scale_inds, shuffled.scale_inds)
    np.testing.assert_array_equal(chips.covered[order], shuffled.covered)


def crowd(seed):
    """Draw small boxes on a coarse lattice and one scale: many ties."""
    rng = np.random.default_rng(seed)
    num, side = int(rng.integers(8, 40)), int(rng.integers(16, 60))
    unit = int(rng.integers(1, 6))
    corners = rng.integers(0, 100 // unit, (num, 2)) * unit
    wh = rng.integers(1, max(2, 12 // unit) + 1, (num, 2)) * unit
    bboxes = np.hstack([corners, corners + wh]).astype(np.float32)
    scales = [ChipScale(side, (0, INF), int(rng.integers(1, 12)))]
    return bboxes, (130, 130), scales, rng.permutation(num)


# Scenes with several covers of as few windows.
@pytest.mark.parametrize('seed', [390, 1149, 1707, 2201])
def test_order_does_not_choose_between_covers(seed):
    bboxes, image_wh, scales, order = crowd(seed)
    chips = generate_chips(bboxes, image_wh, scales)
    shuffled = generate_chips(bboxes[order], image_wh, scales)
    np.testing.assert_array_equal(chips.windows, shuffled.windows)
    np.testing.assert_array_equal(chips.covered[order], shuffled.covered)


def test_greedy_windows_lie_on_the_grid():
    bboxes = np.array([[20, 20, 30, 30]])
    scales = [ChipScale(32, (0, INF), 16)]
    chips = generate_chips(bboxes, (100, 100), scales)
    np.testing.assert_array_equal(chips.windows, [[0, 0, 32, 32]])


@settings(deadline=None, max_examples=40)
@given(scenes())
def test_each_choice_is_as_good_as_the_best_of_the_obvious_version(scene):
    bboxes, image_wh = scene
    chips = generate_chips(bboxes, image_wh, SCALES)
    valid = valid_objects(bboxes, image_wh, SCALES)
    clipped = clip(bboxes, image_wh)
    held = held_by(clipped, chips, valid)
    remaining = valid.any(axis=1)
    for objects in held:
        gain = (objects & remaining).sum()
        assert gain >= 1
        assert gain >= max(
            gains_of_grid(clipped, image_wh, SCALES, valid, remaining)
        )
        remaining &= ~objects
    assert not remaining.any()


@settings(deadline=None, max_examples=30)
@given(scenes(), st.integers(0, 4))
def test_max_chips_keeps_the_first(scene, max_chips):
    bboxes, image_wh = scene
    chips = generate_chips(bboxes, image_wh, SCALES)
    fewer = generate_chips(bboxes, image_wh, SCALES, max_chips=max_chips)
    np.testing.assert_array_equal(fewer.windows, chips.windows[:max_chips])
    valid = valid_objects(bboxes, image_wh, SCALES)
    held = held_by(clip(bboxes, image_wh), fewer, valid)
    np.testing.assert_array_equal(fewer.covered, held.any(axis=0))
    assert fewer.num_excluded == chips.num_excluded


@pytest.mark.parametrize('scales', [SCALES, WHOLE])
def test_empty_image(scales):
    empty = np.zeros((0, 4))
    chips = generate_chips(empty, (300, 200), scales)
    assert chips.windows.shape == (0, 4)
    assert chips.windows.dtype == np.float32
    assert chips.scale_inds.shape == (0,)
    assert chips.scale_inds.dtype == np.int64
    assert chips.covered.shape == (0,)
    assert chips.covered.dtype == bool
    assert chips.num_excluded == 0
    assert valid_objects(empty, (300, 200), scales).shape == (
        0,
        len(scales) + 1,
    )
    inds, keep = assign_to_chip(empty, np.array([0, 0, 5, 5]), np.zeros(0))
    assert inds.shape == keep.shape == (0,)
    assert keep.dtype == bool


@pytest.mark.parametrize(
    ('bbox', 'valid_at'),
    [
        pytest.param([10, 10, 15, 15], {0}, id='small'),
        pytest.param([10, 10, 17, 17], {0, 1}, id='two ranges'),
        pytest.param([10, 10, 16, 16], {0, 1}, id='range holds its low'),
        pytest.param([10, 10, 18, 18], {1}, id='range lacks its high'),
        pytest.param([10, 10, 60, 60], {2}, id='large'),
        pytest.param([10, 10, 42, 11], {0}, id='as long as its window'),
        pytest.param([10, 10, 50, 10.5], {1}, id='too long for its window'),
        pytest.param([10, 10, 110, 11], {2}, id='too long for two'),
        pytest.param([10, 10, 200, 11], {3}, id='too long for all'),
        pytest.param([0, 0, 250, 180], {3}, id='larger than all windows'),
        pytest.param([10, 10, 10, 90], set(), id='no width'),
        pytest.param([290, 190, 295, 195], {0}, id='by the border'),
        pytest.param([293, 50, 400, 57], {0, 1}, id='size after clipping'),
        pytest.param([301, 50, 310, 60], set(), id='outside'),
        pytest.param([np.nan, 50, 310, 60], set(), id='not a number'),
        # 32 wide, yet no window of 32 on whole pixels holds it
        pytest.param([9.5, 9, 41.5, 9.5], {1}, id='between pixels'),
    ],
)
def test_valid_scales_of_one_object(bbox, valid_at):
    valid = valid_objects(np.array([bbox]), (300, 200), SCALES)
    assert set(np.flatnonzero(valid[0])) == valid_at
    # whatever the order of the scales
    valid = valid_objects(np.array([bbox]), (300, 200), SCALES[::-1])
    inds = np.flatnonzero(valid[0])
    assert {ind if ind == 3 else 2 - ind for ind in inds} == valid_at


@settings(max_examples=100)
@given(scenes(), scale_lists())
def test_valid_scales_follow_from_the_box_alone(scene, scales):
    bboxes, image_wh = scene
    bboxes[len(bboxes) // 2 :][:1] = np.nan
    valid = valid_objects(bboxes, image_wh, scales)
    for bbox, own in zip(bboxes, valid, strict=True):
        np.testing.assert_array_equal(
            valid_objects(bbox[None], image_wh, scales), own[None]
        )


@pytest.mark.parametrize(
    'bbox',
    [
        pytest.param([0, 0, 5, 5], id='top left'),
        pytest.param([296, 197, 300, 200], id='bottom right'),
        pytest.param([0, 0, 300, 200], id='whole image'),
        pytest.param([0, 100, 300, 101], id='across'),
        pytest.param([31, 31, 62, 33], id='between grid positions'),
    ],
)
def test_one_object_takes_one_chip(bbox):
    scales = [ChipScale(32, (0, 10), 32), ChipScale(64, (8, INF), 64)]
    bboxes = np.array([bbox])
    chips = generate_chips(bboxes, (300, 200), scales)
    assert len(chips.windows) == 1
    assert contains(chips.windows, bboxes).all()


def test_image_smaller_than_the_window_is_one_chip():
    bboxes = np.array([[0, 0, 4, 4], [16, 9, 20, 12]])
    chips = generate_chips(bboxes, (20, 12), SCALES)
    np.testing.assert_array_equal(chips.windows, [[0, 0, 20, 12]])
    np.testing.assert_array_equal(chips.scale_inds, [0])


def test_cover_is_joint_over_scales():
    # both objects are valid at both scales; only the larger window holds both
    bboxes = np.array([[0, 0, 7, 7], [50, 50, 57, 57]])
    chips = generate_chips(bboxes, (300, 200), SCALES)
    np.testing.assert_array_equal(chips.scale_inds, [1])


def test_ties_are_broken_by_scale_and_middle_window():
    scales = [ChipScale(31, (0, INF), 1), ChipScale(21, (0, INF), 1)]
    chips = generate_chips(np.array([[50, 50, 51, 51]]), (100, 100), scales)
    np.testing.assert_array_equal(chips.scale_inds, [0])
    np.testing.assert_array_equal(chips.windows, [[35, 35, 66, 66]])


@pytest.mark.parametrize(
    ('ranges', 'message'),
    [
        pytest.param([], '^scales is empty, at least one', id='none'),
        pytest.param([(0, 8), (9, INF)], 'from 8 to 9', id='gap'),
        pytest.param([(1, INF)], 'from 0.0 to 1', id='gap below'),
        pytest.param([(0, 8), (4, 100)], 'from 100 pixels', id='gap above'),
        pytest.param([(0, INF), (8, 8)], 'empty', id='empty range'),
        pytest.param([(0, float('nan'))], 'empty', id='not a number'),
    ],
)
def test_bad_ranges_are_named(ranges, message):
    scales = [ChipScale(32, valid_range) for valid_range in ranges]
    with pytest.raises(ValueError, match=message):
        check_scales(scales)
    with pytest.raises(ValueError, match=message):
        generate_chips(np.zeros((0, 4)), (10, 10), scales)


@pytest.mark.parametrize(
    'scale', [ChipScale(0, (0, INF)), ChipScale(32, (0, INF), 0)]
)
def test_window_and_stride_are_positive(scale):
    with pytest.raises(ValueError, match='must be positive'):
        check_scales([scale])


def test_ranges_may_nest_and_start_below_zero():
    check_scales(
        [
            ChipScale(32, (16, INF)),
            ChipScale(32, (-1, 100)),
            ChipScale(32, (2, 4)),
        ]
    )


def test_assign_to_chip():
    bboxes = np.array(
        [
            [2, 2, 6, 6],  # inside, valid
            [3, 3, 7, 7],  # inside, not valid
            [8, 0, 12, 4],  # half visible
            [9, 0, 13, 4],  # a quarter visible
            [10, 0, 14, 4],  # touches the window
            [50, 50, 60, 60],  # elsewhere
            [4, 4, 4, 8],  # no area
            [9.5, 9.5, 10.5, 10.5],  # a quarter of a pixel
        ]
    )
    valid = np.array([True, False, True, True, True, True, True, True])
    window = np.array([0, 0, 10, 10])
    inds, keep = assign_to_chip(bboxes, window, valid)
    np.testing.assert_array_equal(inds, [0, 1, 2, 3, 7])
    np.testing.assert_array_equal(keep, [True, False, True, False, False])
    _, keep = assign_to_chip(bboxes, window, valid, min_visible=1.0)
    np.testing.assert_array_equal(keep, [True, False, False, False, False])


def test_project_to_chip():
    bboxes = np.array(
        [
            [12, 22, 16, 26],  # inside
            [0, 0, 5, 5],  # elsewhere
            [18, 20, 24, 24],  # a third visible
            [13, 23, 15, 25],  # inside, not valid
        ]
    )
    valid = np.array([True, True, True, False])
    window = np.array([10, 20, 20, 30])
    chip_bboxes, inds, keep = project_to_chip(bboxes, window, valid, 2.5)
    expected = [[5, 5, 15, 15], [20, 0, 25, 10], [7.5, 7.5, 12.5, 12.5]]
    np.testing.assert_array_equal(chip_bboxes, expected)
    assert chip_bboxes.dtype == np.float32
    np.testing.assert_array_equal(inds, [0, 2, 3])
    np.testing.assert_array_equal(keep, [True, False, False])
    *_, keep = project_to_chip(bboxes, window, valid, 2.5, 0.3)
    np.testing.assert_array_equal(keep, [True, True, False])


def test_project_no_objects_to_chip():
    chip_bboxes, inds, keep = project_to_chip(
        np.zeros((0, 4)), np.array([0, 0, 8, 8]), np.zeros(0, bool), 1.0
    )
    assert chip_bboxes.shape == (0, 4)
    assert len(inds) == len(keep) == 0


def test_inputs_are_left_alone():
    bboxes = np.array([[-5.0, 3, 9, 9], [50, 50, 400, 60]])
    bboxes.setflags(write=False)
    generate_chips(bboxes, (100, 100), SCALES)


@settings(max_examples=60)
@given(scenes(), scale_lists(), st.floats(0.25, 4))
def test_boxes_come_back_from_the_chips_pixels(scene, scales, resize):
    bboxes, image_wh = scene
    chips = generate_chips(bboxes, image_wh, scales)
    valid = valid_objects(bboxes, image_wh, scales)
    clipped = clip(bboxes, image_wh).astype(np.float32)
    whole = np.zeros(len(bboxes), dtype=bool)
    for window, ind in zip(chips.windows, chips.scale_inds, strict=True):
        chip_bboxes, inds, keep = project_to_chip(
            clipped, window, valid[:, ind], resize
        )
        back = chip_bboxes / resize + np.tile(window[:2], 2)
        expected = np.clip(
            clipped[inds], np.tile(window[:2], 2), np.tile(window[2:], 2)
        )
        np.testing.assert_allclose(back, expected, atol=1e-3)
        held = contains(window[None], clipped[inds])[0]
        np.testing.assert_allclose(back[held], clipped[inds][held], atol=1e-3)
        whole[inds[held & keep]] = True
    np.testing.assert_array_equal(whole, chips.covered)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), num=st.integers(1, 3))
def test_windows_show_the_most_neighbours(seed, num):
    """Compare with all windows of the grid that hold the same boxes."""
    rng = np.random.default_rng(seed)
    image_wh, scale = (150, 110), ChipScale(60, (0, np.inf), 7)
    corners = rng.integers(0, 90, (num + 6, 2))
    boxes = np.hstack([corners, corners + rng.integers(4, 20, (num + 6, 2))])
    wanted, near = boxes[:num], boxes[num:]
    chips = generate_chips(wanted, image_wh, [scale], neighbours=near)
    plain = generate_chips(wanted, image_wh, [scale])

    def shown(window):
        return int(
            count_learned_objects(near, [window], [0], image_wh, [scale])[0]
        )

    places = [[*range(0, side - 60, 7), side - 60] for side in image_wh]
    grid = [(x, y, x + 60, y + 60) for x in places[0] for y in places[1]]
    for window, before in zip(chips.windows, plain.windows, strict=True):
        held = contains(before[None], wanted)[0]
        assert (contains(window[None], wanted)[0] == held).all()
        most = max(
            shown(w)
            for w in grid
            if contains(np.array([w]), wanted)[0][held].all()
        )
        assert shown(window) == most
    none = generate_chips(wanted, image_wh, [scale], neighbours=near[:0])
    assert (none.windows == plain.windows).all()


@pytest.mark.parametrize('seed', range(10))
def test_middle_window_is_taken_where_all_show_as_many(seed):
    rng = np.random.default_rng(seed)
    corner = rng.integers(0, 90, (1, 2))
    box = np.hstack([corner, corner + rng.integers(4, 20, (1, 2))])
    args = box, (150, 110), [ChipScale(60, (0, np.inf), 7)]
    expected = generate_chips(*args).windows
    # Each window that holds the box shows it as its own neighbour.
    found = generate_chips(*args, neighbours=box).windows
    np.testing.assert_array_equal(found, expected)


def test_a_neighbour_of_one_pixel_is_shown():
    box, near = [[40, 40, 50, 50]], [[80, 45, 81, 46]]
    args = box, (150, 110), [ChipScale(60, (0, np.inf), 7)]
    (middle,) = generate_chips(*args).windows
    assert middle[2] < 80
    (shown,) = generate_chips(*args, neighbours=near).windows
    assert shown[0] <= 40
    assert shown[2] >= 81


def test_boxes_are_covered_where_they_may_be():
    scales = [ChipScale(40, (0, 99)), ChipScale(80, (0, np.inf))]
    boxes = [[5, 5, 15, 15], [60, 60, 70, 70]]
    valid = np.array([[False, True, False], [False, False, False]])
    chips = generate_chips(boxes, (100, 100), scales, valid=valid)
    assert chips.scale_inds.tolist() == [1]
    assert chips.covered.tolist() == [True, False]
    assert chips.num_excluded == 1
