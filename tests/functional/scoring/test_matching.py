import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhcm.functional.scoring import IOU_THRS, matching
from mmhcm.functional.scoring.matching import (
    covered_share,
    find_overlaps,
    flag_matches,
    match_all,
)
from tests.support.slow_boxes import painted_share, slow_overlap


def slow_flags(dets, det_groups, gt, gt_groups, use_dets, thr):
    """Match one detection after another with its best free object."""
    flags, used = np.zeros(len(dets), int), set()
    for d in np.flatnonzero(use_dets):
        own = np.flatnonzero(gt_groups == det_groups[d])
        best, match = thr, None
        for g in own[gt[own, 4] != 0]:
            overlap = slow_overlap(dets[d], gt[g], False)
            if g not in used and overlap >= best:
                best, match = overlap, g
        if match is not None:
            used.add(match)
            flags[d] = 1
        elif any(
            slow_overlap(dets[d], gt[g], True) >= thr
            for g in own[gt[own, 4] == 0]
        ):
            flags[d] = -1
    return flags


def crowd(seed, num_groups=3):
    """Draw boxes with competing matches, coarse so that overlaps tie."""
    rng = np.random.default_rng(seed)
    num_gt, num_dets = rng.integers(0, 30), rng.integers(0, 60)
    gt = np.column_stack(
        [
            rng.integers(-8, 12, (num_gt, 2)) * rng.choice([1, 50_000]),
            rng.integers(0, 9, (num_gt, 2)),
            rng.random(num_gt) > 0.2,
        ]
    ).astype(float)
    dets = np.zeros((num_dets, 4))
    if num_gt:
        dets = gt[rng.integers(0, num_gt, num_dets), :4]
        dets += rng.integers(-2, 3, dets.shape) / 2
    if num_gt and rng.random() < 0.7:
        # variants of a few boxes, so that many detections compete for the
        # same object, and order and overlap decide
        few = np.hstack([rng.integers(0, 12, (4, 2)), [[10, 10]] * 4])
        gt[:, :4] = few[rng.integers(0, 4, num_gt)]
        gt[:, :4] += rng.integers(-2, 3, (num_gt, 4))
        dets = few[rng.integers(0, 4, num_dets)].astype(float)
        dets += rng.integers(-2, 3, dets.shape)
    groups = rng.integers(0, num_groups, num_dets)
    return dets, groups, gt, rng.integers(0, num_groups, num_gt), rng


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 7, 1 << 18]))
def test_batched_matches_equal_single_ones(seed, max_pairs):
    *case, rng = crowd(seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matching, '_MAX_PAIRS', max_pairs)
        overlaps = find_overlaps(*case)
    everyone = np.ones(len(case[0]), dtype=bool)
    flags = flag_matches(overlaps, *match_all(overlaps))
    assert flags.shape == (len(IOU_THRS), len(everyone))
    for thr, thr_flags in zip(IOU_THRS, flags, strict=True):
        np.testing.assert_array_equal(
            thr_flags, slow_flags(*case, everyone, thr)
        )
    some = rng.random(len(everyone)) < 0.6
    thr_inds, pair_inds = match_all(overlaps, some)
    for ind, thr in enumerate(IOU_THRS):
        found = overlaps.det_inds[pair_inds[thr_inds == ind]]
        np.testing.assert_array_equal(
            np.sort(found),
            np.flatnonzero(slow_flags(*case, some, thr) == 1),
        )


@pytest.mark.parametrize(
    ('gt', 'det'),
    [
        ((0, 0, 20, 10), (10, 0, 10, 10)),
        ((0, 0, 20, 10), (0, 0, 10, 10)),
        ((10, 0, 10, 10), (0, 0, 20, 10)),
        ((0, 0, 10, 10), (0, 0, 20, 10)),
        ((0, 0, 10, 20), (0, 10, 10, 10)),
        ((-8, 0, 2, 1), (-7, 0, 1, 1)),
        ((-7, 0, 1, 1), (-8, 0, 2, 1)),
    ],
)
def test_half_of_an_object_has_an_iou_of_half(gt, det):
    one = np.zeros(1, int)
    overlaps = find_overlaps(
        np.array([det], float), one, np.array([[*gt, 1]], float), one
    )
    np.testing.assert_array_equal(overlaps.ious, [0.5])


def test_boxes_without_area_have_no_overlap():
    boxes = np.array([[5, 5, 0, 0], [5, 5, 4, 0], [5, 5, 0, 4.0]])
    with np.errstate(all='raise'):
        overlaps = find_overlaps(
            boxes,
            np.zeros(3, int),
            np.insert(boxes, 4, 1, 1),
            np.zeros(3, int),
        )
    assert len(overlaps.ious) == 0


def test_objects_of_any_size_are_looked_up():
    gt = np.array([[-3e6, 0, 6e6, 50, 0], [100, 0, 20, 10, 1]], dtype=float)
    dets = np.array([[90, 0, 40, 10], [500, 10, 10, 10]], dtype=float)
    overlaps = find_overlaps(dets, np.zeros(2, int), gt, np.zeros(2, int))
    np.testing.assert_array_equal(overlaps.ious, [0.5])
    np.testing.assert_array_equal(overlaps.on_ignored, [1, 1])
    flags = flag_matches(overlaps, *match_all(overlaps))
    np.testing.assert_array_equal(flags[:, 0], [1] + [-1] * 9)
    np.testing.assert_array_equal(flags[:, 1], -1)


def test_match_of_no_boxes():
    none = np.zeros(0, dtype=int)
    overlaps = find_overlaps(np.zeros((0, 4)), none, np.zeros((0, 5)), none)
    thr_inds, pair_inds = match_all(overlaps)
    assert len(thr_inds) == len(pair_inds) == 0
    assert flag_matches(overlaps, thr_inds, pair_inds).shape == (10, 0)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_cells_are_the_painted_mask(seed):
    rng = np.random.default_rng(seed)
    image_wh = tuple(rng.integers(1, 50, 2).tolist())
    num_regions, num = rng.integers(1, 7), rng.integers(0, 20)
    regions = rng.integers(-5, 60, (num_regions, 4)) + rng.choice([0, 0.7])
    xywh = np.round(rng.uniform(-5, 60, (num, 4)) * 2) / 2
    np.testing.assert_array_equal(
        covered_share(xywh, regions, image_wh),
        painted_share(xywh, regions, image_wh),
    )


def test_only_the_first_four_columns_are_boxes():
    rng = np.random.default_rng(0)
    xywh, regions = rng.integers(0, 40, (2, 9, 8)).astype(float)
    np.testing.assert_array_equal(
        covered_share(xywh, regions, (50, 45)),
        covered_share(xywh[:, :4], regions[:, :4], (50, 45)),
    )
