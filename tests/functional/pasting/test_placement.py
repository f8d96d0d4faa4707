import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhcm.functional.boxes import as_bboxes, box_wh, intersection_areas
from mmhcm.functional.pasting import (
    ImageLook,
    PasteOptions,
    index_pool,
    patch_traits,
    plan_pastes,
    trials,
)
from mmhcm.functional.pasting.trials import rotated_wh

NO_BOXES = np.zeros((0, 4), np.float32)
SIZES = np.log([20.0, 40.0, 60.0])


def bboxes_of(out):
    return as_bboxes([paste.bbox for paste in out.pastes])


def labels_of(out):
    return np.array([paste.label for paste in out.pastes], dtype=np.int64)


def make_pool(num=60, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(num) % 3
    sizes = np.exp(SIZES[labels] + rng.normal(0, 0.4, num))
    ratios = np.exp(rng.normal(0, 0.2, num))
    return np.stack([sizes * ratios, sizes / ratios], axis=1), labels


POOL_WH, POOL_LABELS = make_pool()


def plan(gts=NO_BOXES, labels=None, regions=NO_BOXES, seed=0, **kwargs):
    gts = np.asarray(gts, np.float32).reshape(-1, 4)
    kwargs = {
        'canvas_wh': (400, 300),
        'num_pastes': 12,
        'pool_wh': POOL_WH,
        'pool_labels': POOL_LABELS,
        'class_probs': np.full(3, 1 / 3),
        'class_log_sizes': SIZES,
        'gt_bboxes': gts,
        'gt_labels': np.zeros(len(gts), int) if labels is None else labels,
        'ignored_regions': np.asarray(regions, np.float32),
        'rng': np.random.default_rng(seed),
        **kwargs,
    }
    return plan_pastes(**kwargs)


def test_sizes_follow_guides_as_they_follow_objects():
    gts = np.array([[20, 20, 60, 50], [200, 90, 280, 150], [9, 200, 19, 290]])
    labels = np.array([0, 2, 1])
    for factor in (0.7, 1.0, 1.4):
        scaled = gts * factor
        pastes = [
            plan(seed=seed, guides=(scaled, labels), scale_limits=(0.1, 9))
            for seed in range(9)
        ]
        like_objects = [
            plan(scaled, labels, seed=seed, scale_limits=(0.1, 9))
            for seed in range(9)
        ]
        sizes, expected = (
            np.median(
                [
                    np.log(p.scale * np.sqrt(POOL_WH[p.patch_id].prod()))
                    - SIZES[p.label]
                    for plan_ in plans
                    for p in plan_.pastes
                ]
            )
            for plans in (pastes, like_objects)
        )
        assert abs(sizes - expected) < 0.25
    # Masked as well, guides give sizes and nothing is placed on them.
    out = plan(regions=gts, guides=(gts, labels), num_pastes=30)
    assert len(out.pastes) > 10
    assert not intersection_areas(bboxes_of(out), gts).any()


@pytest.mark.parametrize(
    'kwargs',
    [
        {'num_pastes': 0},
        {'class_probs': np.zeros(3)},
        {'pool_wh': np.zeros((0, 2)), 'pool_labels': np.zeros(0, int)},
        {'regions': [[0, 0, 400, 300]]},
        {'canvas_wh': (5, 5)},
        {'min_size': 1000},
        {'gts': [[0, 0, 400, 300]]},
    ],
)
def test_no_objects_or_no_position(kwargs):
    out = plan(**kwargs)
    assert out.pastes == ()
    assert out.num_skipped == kwargs.get('num_pastes', 12)
    assert out.pastes == ()


@pytest.mark.parametrize('max_overlap', [0.0, 0.3, 1.0])
def test_uncompiled_loops_give_equal_plans(monkeypatch, max_overlap):
    boxes = random_boxes(np.random.default_rng(1), 9)
    kwargs = {'max_overlap': max_overlap, 'num_pastes': 40}
    compiled = plan(boxes[:6], regions=boxes[6:], **kwargs)
    monkeypatch.setattr(trials, 'compiled', lambda function, *_: function)
    plain = plan(boxes[:6], regions=boxes[6:], **kwargs)
    assert plain == compiled
    assert len(plain.pastes) > 0


def random_boxes(rng, num, wh=(400, 300), largest=60):
    low = rng.uniform(0, wh, (num, 2))
    high = np.minimum(low + rng.uniform(2, largest, (num, 2)), wh)
    return np.concatenate([low, high], axis=1).astype(np.float32)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10**6),
    st.integers(0, 30),
    st.integers(0, 3),
    st.sampled_from([0.0, 0.3]),
    st.booleans(),
)
def test_pastes_keep_all_limits(seed, num_gts, num_regions, limit, follow):
    rng = np.random.default_rng(seed)
    gts = random_boxes(rng, num_gts)
    regions = random_boxes(rng, num_regions, largest=150)
    out = plan(
        gts,
        rng.integers(0, 3, num_gts),
        regions,
        seed=seed,
        gt_ignore=rng.random(num_gts) < 0.3,
        max_overlap=limit,
        follow_sizes=follow,
        scale_limits=(0.6, 1.4),
        max_rotation=25,
        alpha_range=(0.7, 0.9),
        min_size=8,
    )
    assert len(out.pastes) + out.num_skipped == 12
    assert len(out.skipped_labels) == out.num_skipped
    bboxes = np.array([p.bbox for p in out.pastes]).reshape(-1, 4)
    assert (bboxes[:, :2] >= 0).all()
    assert (bboxes[:, 2:] <= (400, 300)).all()
    assert not intersection_areas(bboxes, regions.astype(float)).any()
    others = np.concatenate([gts.astype(float), bboxes])
    inter = intersection_areas(bboxes, others)
    areas = np.prod(box_wh(others), axis=1)
    own = np.prod(box_wh(bboxes), axis=1)
    inter[np.arange(len(bboxes)), num_gts + np.arange(len(bboxes))] = 0
    assert (inter <= limit * own[:, None] + 1e-6).all()
    assert (inter <= limit * areas[None] + 1e-6).all()
    for paste, wh in zip(out.pastes, box_wh(bboxes), strict=True):
        assert POOL_LABELS[paste.patch_id] == paste.label
        assert 0.6 <= paste.scale <= 1.4
        assert 0.7 <= paste.alpha <= 0.9
        assert abs(paste.angle) <= 25
        native = POOL_WH[[paste.patch_id]] * paste.scale
        assert np.sqrt(native.prod()) >= 8 - 1e-9
        np.testing.assert_allclose(
            wh, rotated_wh(native, np.array([paste.angle]))[0]
        )


def test_same_generator_same_plan_with_and_without_an_index():
    gts = random_boxes(np.random.default_rng(1), 20)
    index = index_pool(POOL_WH, POOL_LABELS, 3)
    assert plan(gts) == plan(gts) == plan(gts, pool_index=index)
    assert plan(gts) != plan(gts, seed=1)


def test_pastes_are_plain_numbers():
    for paste in plan().pastes:
        fields = dataclasses.asdict(paste)
        rebuilt = json.loads(json.dumps(fields))
        assert {**rebuilt, 'bbox': tuple(rebuilt['bbox'])} == fields
        types = [type(value) for value in fields.values()]
        assert types == [int, tuple, float, float, bool, float, int, bool]


def sizes_of(out):
    return np.array(
        [p.scale * np.sqrt(POOL_WH[p.patch_id].prod()) for p in out.pastes]
    )


@pytest.mark.parametrize('factor', [0.5, 1.0, 1.5])
def test_sizes_follow_the_objects_around(factor):
    """Small objects left, large ones right; mean size of class 1 is 40."""
    rng = np.random.default_rng(3)
    boxes = []
    for x in (100, 500):
        side = 40 * factor * (1 if x == 100 else 1.5)
        for y in range(20, 600, 90):
            centre = np.array([x, y]) + rng.uniform(-5, 5, 2)
            boxes.append([*(centre - side / 2), *(centre + side / 2)])
    out = plan(
        boxes,
        np.ones(len(boxes), int),
        canvas_wh=(600, 600),
        num_pastes=30,
        scale_jitter=(1, 1),
        scale_limits=(0.1, 10),
        near_prob=0,
        min_size=0,
        num_neighbours=1,
        row_weight=1,
    )
    assert len(out.pastes) > 10
    x = bboxes_of(out)[:, [0, 2]].mean(axis=1)
    expected = (
        np.exp(SIZES[labels_of(out)]) * factor * np.where(x < 300, 1, 1.5)
    )
    clear = np.abs(x - 300) > 50
    np.testing.assert_allclose(
        sizes_of(out)[clear], expected[clear], rtol=1e-5
    )


@pytest.mark.parametrize(
    'kwargs',
    [
        {'follow_sizes': False, 'gts': [[195, 145, 205, 155]]},
        {'gt_ignore': [True]},
        {'gts': NO_BOXES},
        # Without area there is no size to follow.
        {'gts': [[10, 10, 10, 20]]},
    ],
)
def test_native_sizes_without_objects_to_follow(kwargs):
    kwargs = {'gts': [[10, 10, 13, 13]], **kwargs}
    out = plan(scale_jitter=(1, 1), **kwargs)
    assert len(out.pastes) >= 6
    np.testing.assert_allclose([p.scale for p in out.pastes], 1)


def test_unknown_class_sizes_are_those_of_the_pool():
    gts = [[10, 10, 30, 30]]
    known = np.array(
        [np.log(POOL_WH[c == POOL_LABELS]).mean() for c in range(3)]
    )
    unknown = np.full(3, np.nan)
    out = plan(gts, class_log_sizes=unknown)
    np.testing.assert_allclose(
        bboxes_of(out), bboxes_of(plan(gts, class_log_sizes=known)), rtol=1e-5
    )


def test_labels_of_ignored_objects_may_be_out_of_range():
    gts = [[10, 10, 30, 30], [50, 50, 80, 80]]
    out = plan(gts, np.array([0, 99]), gt_ignore=[False, True])
    assert len(out.pastes) >= 8


def test_sizes_follow_objects_of_similar_size_first():
    """A truck farther away counts more than a person next to a position."""
    gts = [[95, 95, 105, 105], [160, 80, 200, 120]]  # half and usual size
    out = plan(
        gts,
        np.array([0, 1]),
        num_neighbours=1,
        scale_jitter=(1, 1),
        class_probs=np.array([0, 0, 1]),
        class_weight=5,
    )
    assert len(out.pastes) > 3
    np.testing.assert_allclose(sizes_of(out), 60, rtol=1e-5)


def test_only_classes_with_patches_and_weight_are_drawn():
    few = POOL_LABELS != 2
    out = plan(
        pool_wh=POOL_WH[few],
        pool_labels=POOL_LABELS[few],
        class_probs=np.array([0.0, 0.4, 0.6]),
    )
    assert set(labels_of(out).tolist()) == {1}


def test_no_patch_is_used_twice():
    gts = random_boxes(np.random.default_rng(0), 20)
    for naive in (False, True):
        out = plan(
            gts,
            canvas_wh=(2000, 2000),
            num_pastes=30,
            pool_wh=POOL_WH[:15],
            pool_labels=POOL_LABELS[:15],
            follow_places=False,
            naive=naive,
        )
        ids = [paste.patch_id for paste in out.pastes]
        # Five patches of each class for thirty objects of any class.
        assert (len(ids) == 30) == naive
        assert (len(set(ids)) == len(ids)) != naive
    assert len(plan(gts, naive=True).pastes) == 12


def test_labels_do_not_follow_looks():
    """With and without looks, the same classes are drawn."""
    gts = random_boxes(np.random.default_rng(0), 20)
    rng = np.random.default_rng(1)
    traits = patch_traits(
        POOL_WH,
        POOL_LABELS,
        np.zeros(3, int),
        looks=rng.uniform(0, 255, (len(POOL_WH), 4)),
    )
    cells = rng.integers(0, 256, (38, 50, 3), dtype=np.uint8)
    plain = plan(gts)
    looking = plan(gts, traits=traits, look=ImageLook(cells))
    assert plain != looking
    labels = [
        sorted([*labels_of(out).tolist(), *out.skipped_labels])
        for out in (plain, looking)
    ]
    assert labels[0] == labels[1]


def test_patches_match_the_light_of_their_position():
    """A canvas is dark left and bright right, and so are the patches."""
    is_bright = np.arange(len(POOL_WH)) // 3 % 2 == 1
    looks = np.where(is_bright, 200.0, 40.0)[:, None] * (1, 1, 1, 0)
    traits = patch_traits(POOL_WH, POOL_LABELS, np.zeros(3, int), looks=looks)
    cells = np.full((100, 200, 3), 40, np.uint8)
    cells[:, 100:] = 200
    gts = [[200, 200, 220, 220], [1300, 200, 1320, 220]]
    out = plan(
        gts,
        canvas_wh=(1600, 800),
        near_prob=1,
        traits=traits,
        look=ImageLook(cells),
        num_pastes=20,
    )
    bright = [is_bright[paste.patch_id] for paste in out.pastes]
    assert bright == (bboxes_of(out)[:, 0] > 800).tolist()
    assert len(set(bright)) == 2


def test_places_are_on_the_ground_of_the_objects():
    """Objects are on a grey road, 80 pixels wide, across a meadow."""
    cells = np.full((100, 100, 3), (60, 140, 80), np.uint8)
    cells[45:55] = 110
    gts = [[x, 390, x + 20, 410] for x in range(100, 700, 120)]
    out = plan(gts, canvas_wh=(800, 800), look=ImageLook(cells), num_pastes=9)
    assert len(out.pastes) >= 8
    y = (bboxes_of(out)[:, 1] + bboxes_of(out)[:, 3]) / 2
    assert (np.abs(y - 400) < 40).all()
    anywhere = plan(gts, canvas_wh=(800, 800), num_pastes=9)
    y = (bboxes_of(anywhere)[:, 1] + bboxes_of(anywhere)[:, 3]) / 2
    assert (np.abs(y - 400) > 40).any()


def test_shapes_follow_the_neighbour():
    """Long patches next to a long object, high ones next to a high one."""
    is_high = np.arange(20) % 2 == 0
    pool_wh = np.where(is_high[:, None], (20, 40), (40, 20))
    gts = [[100, 100, 140, 120], [1000, 100, 1020, 140]]
    out = plan(
        gts,
        canvas_wh=(1200, 300),
        near_prob=1,
        pool_wh=pool_wh,
        pool_labels=np.zeros(20, int),
        class_probs=[1.0],
        class_log_sizes=np.log([28.0]),
    )
    high = [is_high[paste.patch_id] for paste in out.pastes]
    assert high == (bboxes_of(out)[:, 0] > 600).tolist()
    assert len(set(high)) == 2


def test_a_canvas_has_a_share_of_the_patches():
    ids = {
        paste.patch_id
        for seed in range(200)
        for paste in plan(seed=seed, patch_share=0.1, num_pastes=1).pastes
    }
    assert len(ids) > 50
    # One favourite would be used each time that its class is drawn.
    looks = np.full((len(POOL_WH), 4), 40.0)
    looks[:3] = 0
    traits = patch_traits(POOL_WH, POOL_LABELS, np.zeros(3, int), looks=looks)
    cells = np.zeros((38, 50, 3), np.uint8)

    def uses(share):
        plans = [
            plan(
                seed=seed,
                patch_share=share,
                num_pastes=1,
                traits=traits,
                look=ImageLook(cells),
                max_look=1000,
            )
            for seed in range(200)
        ]
        return sum(p.patch_id < 3 for out in plans for p in out.pastes)

    assert uses(1.0) > 190
    # Two of twenty patches of a class are offered.
    assert uses(0.1) < 0.15 * 200


@pytest.mark.parametrize(
    ('angle', 'expected'),
    [(0, [20, 10]), (90, [10, 20]), (-90, [10, 20]), (180, [20, 10])],
)
def test_rotated_wh(angle, expected):
    out = rotated_wh(np.array([[20.0, 10.0]]), np.array([angle]))
    np.testing.assert_allclose(out[0], expected, atol=1e-9)


@pytest.mark.parametrize(
    ('name', 'value'),
    [
        ('max_overlap', 1.5),
        ('near_prob', -0.1),
        ('max_trials', 0),
        ('min_size', -1),
        ('scale_limits', (2.0, 0.5)),
        ('scale_jitter', (0.0, 1.0)),
        ('alpha_range', (0.5, 1.1)),
        ('row_weight', 0),
        ('num_places', 0),
        ('max_look', -1),
        ('families', (0, -1)),
    ],
)
def test_bad_options_are_named(name, value):
    with pytest.raises(ValueError, match=f'{name} must be'):
        PasteOptions(**{name: value})


def test_naive_pastes_are_unchanged_at_random_positions():
    objects = random_boxes(np.random.default_rng(0), 30)
    pool_wh = np.rint(POOL_WH)
    out = plan(
        objects,
        np.zeros(30, int),
        [[0, 0, 400, 300]],
        naive=True,
        num_pastes=60,
        pool_wh=pool_wh,
    )
    assert len(out.pastes) == 60
    wh = pool_wh[[paste.patch_id for paste in out.pastes]]
    np.testing.assert_array_equal(box_wh(bboxes_of(out)), wh)
    np.testing.assert_array_equal(bboxes_of(out), np.rint(bboxes_of(out)))
    assert (bboxes_of(out) >= 0).all()
    assert (bboxes_of(out)[:, 2:] <= (400, 300)).all()
    looks = {
        (p.scale, p.angle, p.flip, p.alpha, p.hard_edges) for p in out.pastes
    }
    assert looks == {(1.0, 0.0, False, 1.0, True)}
    # On objects and on each other as well.
    assert intersection_areas(bboxes_of(out), objects).any()
    among = intersection_areas(bboxes_of(out), bboxes_of(out))
    assert np.count_nonzero(among) > 60
    # Single fields can still be set.
    turned = plan(naive=True, max_rotation=30.0)
    assert any(paste.angle for paste in turned.pastes)


@pytest.mark.parametrize('factor', [1, 4])
def test_objects_are_centred_on_the_mask(factor):
    mask = np.zeros((300 // factor, 400 // factor), dtype=bool)
    mask[120 // factor : 160 // factor] = True
    gts = [[20, 20, 40, 40], [350, 250, 370, 270]]
    found = plan(gts, place_mask=mask, num_pastes=8, max_rotation=0)
    bboxes = bboxes_of(found)
    assert len(bboxes) > 2
    centres = (bboxes[:, 1] + bboxes[:, 3]) / 2
    assert (centres >= 120).all()
    assert (centres < 160).all()
    # Over the whole width, without collisions.
    assert np.ptp(bboxes[:, 0]) > 100
    among = intersection_areas(bboxes, bboxes)
    assert (among[~np.eye(len(bboxes), dtype=bool)] == 0).all()


def test_a_mask_without_a_pixel_leaves_no_position():
    found = plan(place_mask=np.zeros((30, 40), dtype=bool), num_pastes=3)
    assert found.pastes == ()
    assert found.num_skipped == 3
