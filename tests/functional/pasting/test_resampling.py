import numpy as np
import pytest

from mmhcm.functional.boxes import as_bboxes, box_wh, intersection_areas
from mmhcm.functional.pasting import (
    OwnObjects,
    num_resampled,
    perspective_scales,
    perspective_slope,
    plan_resampling,
)

PEDESTRIAN, PEOPLE, CAR, MOTOR = 0, 1, 3, 9
WH = (400, 300)


def objects_of(rows):
    """Make objects of (label, x1, y1, x2, y2), patches 10, 11 and so on."""
    rows = np.asarray(rows, dtype=np.float32).reshape(-1, 5)
    return OwnObjects(
        rows[:, 1:], rows[:, 0].astype(int), 10 + np.arange(len(rows))
    )


def plan(rows, road=None, seed=0, slope=0.0, labels=(PEOPLE, MOTOR)):
    if road is None:
        road = np.ones((300, 400), dtype=bool)
    return plan_resampling(
        WH,
        objects_of(rows),
        road,
        labels=labels,
        joint_label=PEOPLE,
        slope=slope,
        rng=np.random.default_rng(seed),
    )


@pytest.mark.parametrize(
    ('pixels', 'expected'),
    [(0, 5), (100_000, 5), (119_999, 5), (120_000, 6), (2_000_000, 100)],
)
def test_objects_by_the_pixels_of_roads(pixels, expected):
    assert num_resampled(pixels) == expected
    assert num_resampled(pixels + 0.4) == expected


def test_roads_count_in_pixels_of_the_canvas():
    rows = [(MOTOR, 10, 10, 18, 26)]
    # 120,000 pixels, whatever the size of the mask.
    for shape in ((300, 400), (150, 200), (30, 40)):
        assert len(plan(rows, np.ones(shape, dtype=bool)).pastes) == 6


def upright(x, y, diagonal):
    """Make a box with the centre (x, y); sides are 3 to 4."""
    half = np.array([0.3, 0.4]) * diagonal
    return [*(np.array([x, y]) - half), *(np.array([x, y]) + half)]


def test_slope_is_the_mean_over_the_three_largest_pedestrians():
    bboxes = [
        upright(5, 50, 10),
        upright(90, 100, 12),
        upright(9, 250, 40),
        upright(50, 150, 30),
        # The smallest need not be the highest in the image.
        upright(70, 30, 20),
    ]
    expected = np.mean([30 / 200, 20 / 100, 10 / 20])
    assert perspective_slope(bboxes) == pytest.approx(expected, rel=1e-5)
    assert perspective_slope(bboxes[::-1]) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    'bboxes',
    [[], [upright(5, 50, 10)], [upright(5, 50, 10), upright(90, 50, 30)]],
    ids=['none', 'one', 'one height'],
)
def test_no_slope_without_a_vertical_distance(bboxes):
    assert perspective_slope(bboxes) == 0


def test_objects_shrink_upward_and_grow_downward():
    scales = perspective_scales(
        np.full(6, 20.0), np.array([0, -50, 50, -100, -999, 999]), 0.1
    )
    np.testing.assert_allclose(scales, [1, 0.75, 1.25, 0.5, 0.5, 2])
    # A larger object changes by a smaller share.
    assert perspective_scales([40], [50], 0.1) == pytest.approx(1.125)


def test_copies_have_the_scale_of_their_height():
    row = (MOTOR, 100, 140, 112, 156)
    out = plan([row], slope=0.05)
    assert len(out.pastes) == 6
    for paste in out.pastes:
        bbox = as_bboxes([paste.bbox]).astype(float)
        height = (bbox[0, 1] + bbox[0, 3]) / 2
        # Whole pixels move a centre by up to one.
        scale = 1 + (height - 148) * 0.05 / 20
        assert paste.scale == pytest.approx(np.clip(scale, 0.5, 2), abs=0.01)
        np.testing.assert_allclose(
            box_wh(bbox)[0], 12 * paste.scale * np.r_[1, 4 / 3], rtol=1e-5
        )
        assert (paste.label, paste.patch_id) == (MOTOR, 10)
    assert len({paste.scale for paste in out.pastes}) == 6


def test_copies_are_plain_rectangles_of_the_classes_asked_for():
    rows = [
        (CAR, 10, 10, 60, 40),
        (MOTOR, 100, 10, 110, 20),
        (PEDESTRIAN, 200, 100, 206, 112),
    ]
    seen = set()
    for seed in range(9):
        out = plan(rows, seed=seed, labels=(PEDESTRIAN, MOTOR))
        assert out.num_skipped == 0
        for paste in out.pastes:
            assert (paste.angle, paste.flip, paste.alpha) == (0, False, 1)
            assert paste.hard_edges
            assert paste.bbox[0] == int(paste.bbox[0])
            seen.add((paste.patch_id, paste.label))
    assert seen == {(11, MOTOR), (12, PEDESTRIAN)}


def test_centres_are_on_the_road_and_boxes_in_the_canvas():
    road = np.zeros((300, 400), dtype=bool)
    road[:, 390:] = road[290:] = True
    rows = [(MOTOR, 100, 100, 140, 120)]
    for seed in range(9):
        bboxes = as_bboxes([p.bbox for p in plan(rows, road, seed).pastes])
        assert (bboxes >= 0).all()
        assert (bboxes[:, 2:] <= WH).all()
        # Those that the border moves are on it.
        assert ((bboxes[:, 2] == 400) | (bboxes[:, 3] == 300)).all()
    inner = np.zeros((300, 400), dtype=bool)
    inner[150:170] = True
    bboxes = as_bboxes([p.bbox for p in plan(rows, inner).pastes])
    heights = bboxes[:, [1, 3]].mean(axis=1)
    assert ((heights > 149) & (heights < 170)).all()


@pytest.mark.parametrize('slope', [0.0, 0.1])
def test_people_take_along_what_they_overlap_most(slope):
    rows = [
        (PEOPLE, 100, 100, 110, 120),
        (CAR, 109, 100, 150, 130),
        (MOTOR, 100, 110, 112, 126),
        (PEOPLE, 300, 200, 310, 220),
    ]
    source = objects_of(rows).bboxes.astype(float)
    joint = 0
    for seed in range(9):
        pastes = plan(rows, seed=seed, slope=slope, labels=(PEOPLE,)).pastes
        ids = [paste.patch_id for paste in pastes]
        assert set(ids) <= {10, 12, 13}
        for ind in np.flatnonzero(np.array(ids) == 10):
            mate, rider = pastes[ind - 1], pastes[ind]
            assert mate.patch_id == 12
            assert mate.label == MOTOR
            assert mate.scale == rider.scale
            # As far from each other as in the image, times the scale.
            shift = np.subtract(mate.bbox, rider.bbox)[:2]
            expected = (source[2] - source[0])[:2] * rider.scale
            np.testing.assert_allclose(shift, expected, atol=1)
            joint += 1
        assert ids.count(12) == ids.count(10)
    assert joint > 9
    # Motors take nobody along.
    alone = plan(rows, labels=(MOTOR,)).pastes
    assert {paste.patch_id for paste in alone} == {12}


def test_copies_may_cover_objects():
    rows = [(MOTOR, 0, 0, 390, 290)]
    out = plan(rows)
    bboxes = as_bboxes([paste.bbox for paste in out.pastes])
    assert len(bboxes) == 6
    assert intersection_areas(bboxes, objects_of(rows).bboxes).all()


def test_nothing_to_copy_and_nowhere():
    motor = (MOTOR, 10, 10, 20, 20)
    assert plan([]).pastes == ()
    assert plan([(CAR, 10, 10, 20, 20)]).num_skipped == 6
    none = plan([motor], np.zeros((30, 40), dtype=bool))
    assert (none.pastes, none.num_skipped) == ((), 5)
    # Larger than the canvas once it has grown.
    road = np.zeros((300, 400), dtype=bool)
    road[299] = True
    out = plan([(MOTOR, 0, 0, 300, 200)], road, slope=9.0)
    assert (out.pastes, out.skipped_labels) == ((), (MOTOR,) * 5)
