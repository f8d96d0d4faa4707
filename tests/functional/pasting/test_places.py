import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhcm.functional.boxes import intersection_areas
from mmhcm.functional.pasting import ImageLook, PasteOptions
from mmhcm.functional.pasting.places import (
    Guides,
    choose_places,
    draw_centres,
    square_boxes,
)

FAMILIES = np.array([0, 1, 1])
WH = np.array([400.0, 300.0])


def make_guides(centres, labels, side=20.0):
    centres = np.asarray(centres, dtype=float).reshape(-1, 2)
    bboxes = np.concatenate([centres - side / 2, centres + side / 2], axis=1)
    labels = np.asarray(labels)
    usual = np.log([20.0, 20.0, 20.0])
    return Guides.of(bboxes, labels, None, usual, FAMILIES, np.zeros(3))


@settings(max_examples=60)
@given(st.integers(0, 10**6), st.integers(1, 12))
def test_nearest_guides_are_of_the_same_family(seed, num):
    rng = np.random.default_rng(seed)
    guides = make_guides(
        rng.uniform(0, 400, (num, 2)), rng.integers(0, 3, num)
    )
    families = FAMILIES[guides.labels]
    assert (np.diff(families) >= 0).all()
    for ind in range(num):
        gaps = np.linalg.norm(guides.centres - guides.centres[ind], axis=1)
        kin = np.flatnonzero(families == families[ind])
        kin = kin[kin != ind]
        expected = kin[np.argsort(gaps[kin])][:2].tolist()
        expected += [ind] * (2 - len(expected))
        assert guides.neighbours[ind].tolist() == expected


def test_guides_are_picked_from_the_family_or_from_all():
    picks = np.linspace(0, 0.999, 40)[None]
    guides = make_guides([[50, 50], [90, 90], [150, 90]], [2, 0, 1])
    labels = guides.labels[guides.pick(np.array([1]), picks)]
    assert set(labels.tolist()[0]) == {1, 2}
    cars = make_guides([[50, 50], [150, 90]], [2, 1])
    assert set(cars.pick(np.array([0]), picks).ravel().tolist()) == {0, 1}


def draw(guides, families, **options):
    return draw_centres(
        guides,
        np.full(len(families), np.log(20.0)),
        np.asarray(families),
        WH,
        1.0,
        PasteOptions(**options),
        np.random.default_rng(0),
    )


def test_positions_are_near_their_family():
    """People left, a car right."""
    guides = make_guides([[50, 150], [60, 250], [300, 150]], [0, 0, 1])
    centres, inds, sizes = draw(guides, [0] * 20 + [1] * 20, near_prob=1)
    assert (guides.labels[inds[:20]] == 0).all()
    assert (guides.labels[inds[20:]] == 1).all()
    np.testing.assert_allclose(sizes, 20)
    # In sums of 20 and 20 pixels, to both sides.
    gaps = np.abs(centres - guides.centres[inds])
    assert gaps.max() <= 1.5 * 40 + 0.1 * 40


def test_positions_on_a_line_are_between_or_after_neighbours():
    guides = make_guides([[100, 100], [160, 180], [220, 260]], [1, 2, 1])
    centres, inds, _ = draw(guides, [1] * 20, near_prob=1, line_prob=1)
    gaps = centres - guides.centres[inds]
    along = gaps @ (0.6, 0.8)
    assert (along[inds == 0] >= 0).all()
    assert (along[inds == 2] <= 0).all()
    assert along[inds == 1].min() < -50
    assert along[inds == 1].max() > 50
    assert np.abs(along).max() <= 60
    assert np.abs(gaps @ (0.8, -0.6)).max() <= 4


def test_far_positions_stay_on_the_row():
    guides = make_guides([[200, 150]], [1])
    centres, _, _ = draw(guides, [1] * 30, near_prob=0)
    # A row is half as high as near places are wide.
    assert np.abs(centres[..., 1] - 150).max() <= 0.5 * 60
    assert centres[..., 0].min() < 20
    assert centres[..., 0].max() > 380


def ground_distance(look, ground):
    gaps = look - ground
    mean = gaps[:3].mean()
    hue = np.square(gaps[:3] - mean).sum()
    return np.sqrt(4 * hue + mean**2 / 2) + abs(gaps[3])


def test_grounds_differ_by_hue_more_than_by_light():
    road, shade, tree = np.array(
        [[110.0, 110, 110, 0], [80, 80, 80, 0], [90, 130, 110, 0]]
    )
    cells = np.zeros((4, 4, 3), dtype=np.uint8)
    cells[:] = road[:3]
    _, gaps = choose_places(
        np.full((2, 1, 2), 16.0),
        np.full((2, 1), 16.0),
        np.zeros((0, 4)),
        np.array([32.0, 32.0]),
        ImageLook(cells),
        np.array([[shade], [tree]]),
    )
    # The hue differs by -20, 20 and 0.
    np.testing.assert_allclose(gaps, [30 / np.sqrt(2), np.sqrt(4 * 800)])


@pytest.mark.usefixtures('loops')
@settings(max_examples=60)
@given(st.integers(0, 10**6), st.booleans())
def test_free_position_with_the_look_of_the_ground_is_chosen(seed, has_look):
    rng = np.random.default_rng(seed)
    cells = rng.integers(0, 256, (38, 50, 3), dtype=np.uint8)
    look = ImageLook(cells) if has_look else None
    centres = rng.uniform(0, 400, (4, 6, 2))
    sizes = rng.uniform(5, 50, (4, 6))
    taken = square_boxes(rng.uniform(0, 400, (5, 2)), np.full(5, 60.0))
    grounds = rng.uniform(0, 255, (4, 6, 4))
    best, gaps = choose_places(centres, sizes, taken, WH, look, grounds)
    for row in range(4):
        costs = []
        for column in range(6):
            bbox = square_boxes(centres[row, [column]], sizes[row, [column]])
            is_out = (bbox < 0).any() or (bbox[:, 2:] > WH).any()
            is_taken = intersection_areas(bbox, taken).any()
            gap = 0.0
            if look is not None:
                gap = ground_distance(
                    look.inside(bbox)[0], grounds[row, column]
                )
            costs.append((bool(is_out or is_taken), gap, column))
        assert best[row] == min(costs)[2]
        np.testing.assert_allclose(gaps[row], min(costs)[1])
