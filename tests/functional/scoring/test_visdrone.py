import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhcm.functional.scoring import (
    IOU_THRS,
    MAX_DETS,
    METRICS,
    ImageRecord,
    evaluate,
)
from mmhcm.functional.scoring.visdrone import (
    drop_ignored_regions,
    match_detections,
)
from tests.support.slow_boxes import painted_share, slow_overlap

CASE = Path(os.environ.get('MMHCM_DATA', '.')).parent / 'reference/eval_case'
CASE_FIGURES = (
    10.3357137232,
    31.2798193625,
    3.5143646782,
    0.1202189810,
    1.4456648475,
    10.0123417987,
    24.4079072485,
)


def rows(*values):
    return np.array(values, dtype=float).reshape(len(values), -1)[:, :6]


NO_ROWS = np.zeros((0, 6))


# The protocol once more, literally and slowly: one-based loops and scans.


def slow_drop(image):
    regions = image.gt[image.gt[:, 5] == 0, :4]
    size = image.width, image.height
    return tuple(
        part[painted_share(part[:, :4], regions, size) < 0.5]
        for part in (image.gt[image.gt[:, 5] != 0], image.dets)
    )


def slow_match(dets, gt, thr):
    dets = sorted(dets, key=lambda row: -row[4])
    gt = sorted(gt, key=lambda row: row[4] == 0)
    used = [False] * len(gt)
    flags = []
    for det in dets:
        best, match = thr, None
        for i, row in enumerate(gt):
            ignored = row[4] == 0
            if used[i] and not ignored:
                continue
            if match is not None and ignored:
                break
            overlap = slow_overlap(det, row, ignored)
            if overlap < best:
                continue
            best, match = overlap, i
        if match is None:
            flags.append((det[4], 0))
        elif gt[match][4] == 0:
            flags.append((det[4], -1))
        else:
            used[match] = True
            flags.append((det[4], 1))
    return flags


def slow_ap_ar(kept, category, thr, limit):
    flags, num_gt = [], 0
    for gt, dets in kept:
        gt = [row for row in gt if row[5] == category]
        dets = [row for row in dets[:limit] if row[5] == category]
        num_gt += len(gt)
        flags += slow_match(dets, gt, thr)
    flags.sort(key=lambda pair: -pair[0])
    tp = fp = 0
    recall, precision = [0.0], [0.0]
    for _, flag in flags:
        tp += flag == 1
        fp += flag == 0
        recall.append(tp / max(1, num_gt))
        precision.append(tp / max(1, tp + fp))
    area = 0.0
    for i in range(1, len(recall)):
        area += (recall[i] - recall[i - 1]) * max(precision[i:])
    return area, max(recall)


def slow_evaluate(images, num_classes):
    kept = [slow_drop(image) for image in images]
    table = np.full((num_classes, 7), np.nan)
    pairs = []
    for category in range(1, num_classes + 1):
        pairs += [
            category - 1
            for gt, _ in kept
            if any(row[5] == category for row in gt)
        ]
        if category - 1 not in pairs:
            continue
        aps = [slow_ap_ar(kept, category, t, 500)[0] for t in IOU_THRS]
        ars = [
            np.mean([slow_ap_ar(kept, category, t, m)[1] for t in IOU_THRS])
            for m in MAX_DETS
        ]
        table[category - 1] = [np.mean(aps), aps[0], aps[5], *ars]
    official = table[pairs].mean(axis=0) if pairs else np.full(7, np.nan)
    return 100 * official, 100 * table


def random_image(rng, num_classes):
    width, height = (int(v) for v in rng.integers(15, 45, 2))
    num_gt, num_dets = rng.integers(0, 14), rng.integers(0, 40)
    gt = np.column_stack(
        [
            rng.integers(0, 30, (num_gt, 2)),
            rng.integers(0, 14, (num_gt, 2)),
            rng.random(num_gt) > 0.2,
            rng.integers(1, num_classes + 2, num_gt),
        ]
    ).astype(float)
    regions = rng.integers(0, 3) * (rng.random() < 0.5)
    if regions:
        boxes = np.column_stack(
            [
                rng.integers(0, 60, (regions, 2)),
                rng.integers(0, 25, (regions, 2)),
            ]
        )
        gt = np.vstack([gt, np.pad(boxes, ((0, 0), (0, 2)))])
    # Half of the detections are on objects; coarse scores give ties.
    source = rng.integers(0, max(1, num_gt), num_dets)
    dets = np.column_stack(
        [
            rng.integers(-3, 50, (num_dets, 2)),
            rng.integers(0, 14, (num_dets, 2)),
            rng.integers(0, 6, num_dets) / 5,
            rng.integers(0, num_classes + 2, num_dets),
        ]
    ).astype(float)
    if num_gt:
        near = rng.random(num_dets) < 0.6
        dets[near, :4] = gt[source[near], :4]
        dets[near, :4] += rng.integers(-4, 5, (near.sum(), 4)) / 2
        dets[near, 5] = gt[source[near], 5]
    if num_gt and rng.random() < 0.4:
        # variants of two boxes, so that many would take the same one
        few = np.hstack([rng.integers(0, 12, (2, 2)), [[9, 9]] * 2])
        for table in (gt, dets):
            drawn = rng.integers(0, 2, len(table))
            of_class = table[:, 5] > 0
            table[of_class, :4] = few[drawn[of_class]]
            table[of_class, :4] += rng.integers(-2, 3, (of_class.sum(), 4))
    if rng.random() < 0.5:
        dets = dets[np.argsort(-dets[:, 4], kind='stable')]
    return ImageRecord(width, height, gt, dets)


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 4))
def test_agrees_with_the_literal_protocol(seed, num_images):
    rng = np.random.default_rng(seed)
    images = [random_image(rng, 2) for _ in range(num_images)]
    scores = evaluate(images, num_classes=2)
    official, per_class = slow_evaluate(images, 2)
    np.testing.assert_allclose(scores.official, official, atol=1e-9)
    np.testing.assert_allclose(scores.per_class, per_class, atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 5))
def test_the_order_of_images_does_not_matter(seed, num_images):
    rng = np.random.default_rng(seed)
    images = [random_image(rng, 2) for _ in range(num_images)]
    # Ties in an image stay, as do ignored objects and empty images. Between
    # images ties go by file names, see test_ties_between_images.
    for ind, image in enumerate(images):
        image.dets[:, 4] += ind / 100
    scores = evaluate(images, num_classes=2)
    order = rng.permutation(num_images)
    again = evaluate([images[ind] for ind in order], num_classes=2)
    for figures in ('official', 'class_mean', 'per_class'):
        np.testing.assert_allclose(
            getattr(again, figures), getattr(scores, figures), atol=1e-9
        )


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_matches_of_one_image_and_class_are_the_slow_ones(seed):
    rng = np.random.default_rng(seed)
    image = random_image(rng, 1)
    gt = image.gt[image.gt[:, 5] == 1]
    dets = image.dets[np.argsort(-image.dets[:, 4], kind='stable')]
    flags = match_detections(dets, gt)
    assert flags.dtype == np.int8
    for thr, thr_flags in zip(IOU_THRS, flags, strict=True):
        expected = [flag for _, flag in slow_match(dets, gt, thr)]
        assert thr_flags.tolist() == expected


def test_only_the_first_six_columns_count():
    rng = np.random.default_rng(0)
    images = [random_image(rng, 2) for _ in range(6)]
    wide = [
        ImageRecord(
            image.width,
            image.height,
            np.pad(image.gt, ((0, 0), (0, 2)), constant_values=7),
            np.pad(image.dets, ((0, 0), (0, 2)), constant_values=-1),
        )
        for image in images
    ]
    np.testing.assert_array_equal(
        evaluate(wide).per_class, evaluate(images).per_class
    )


def test_limits_cut_more_than_five_hundred_rows_from_the_top():
    rng = np.random.default_rng(0)
    image = random_image(rng, 1)
    gt = rows(*[(4 * i, 0, 3, 9, 1, 1) for i in range(120)])
    dets = np.tile(gt, (5, 1))
    dets[:, 4] = rng.random(600).round(1)
    image = ImageRecord(480, 10, gt, dets)
    scores = evaluate([image], num_classes=1)
    official, _ = slow_evaluate([image], 1)
    np.testing.assert_allclose(scores.official, official)


GT = rows((10, 10, 10, 10, 1, 4))


@pytest.mark.parametrize(
    ('gt', 'dets', 'expected'),
    [
        (NO_ROWS, NO_ROWS, None),
        (NO_ROWS, rows((1, 1, 9, 9, 0.5, 4)), None),
        (rows((1, 1, 9, 9, 1, 11)), rows((1, 1, 9, 9, 0.5, 4)), None),
        (GT, NO_ROWS, 0),
        (GT, rows((10, 10, 10, 10, 0.5, 4)), 100),
        (GT, rows((10, 10, 10, 10, 0.5, 5)), 0),
        (GT, rows((10, 10, 0, 10, 0.5, 4)), 0),
        # IoU is the threshold 0.5 exactly: it matches there alone.
        (GT, rows((10, 10, 10, 5, 0.5, 4)), 10),
        # An ignored object stays in the denominator and can't be found.
        (rows((10, 10, 10, 10, 0, 4)), rows((10, 10, 10, 10, 0.5, 4)), 0),
        # Zero area stays in the denominator too.
        (rows(*GT, (0, 0, 0, 5, 1, 4)), rows((10, 10, 10, 10, 0.5, 4)), 50),
        # The whole image is ignored: nothing is left.
        (rows(*GT, (0, 0, 90, 90, 0, 0)), rows((10, 10, 9, 9, 0.5, 4)), None),
    ],
    ids=[
        'empty',
        'no-gt',
        'others-only',
        'no-dets',
        'perfect',
        'wrong-class',
        'zero-area-det',
        'at-threshold',
        'ignored-gt',
        'zero-area-gt',
        'all-in-region',
    ],
)
def test_hand_computed_ap(gt, dets, expected):
    scores = evaluate([ImageRecord(90, 90, gt, dets)])
    assert scores.per_class.shape == (10, 7)
    if expected is None:
        assert np.isnan(scores.official).all()
        assert np.isnan(scores.class_mean).all()
        assert np.isnan(scores.per_class).all()
        return
    np.testing.assert_allclose(scores.official[0], expected)
    np.testing.assert_array_equal(scores.class_mean, scores.official)
    assert np.isnan(scores.per_class[[0, 9]]).all()


@pytest.mark.parametrize('percent', range(50, 100, 5))
def test_overlap_equal_to_a_threshold_matches(percent):
    gt = rows((0, 0, 100, 100, 1, 1))
    dets = rows((0, 0, 100, percent, 0.5, 1))
    scores = evaluate([ImageRecord(100, 100, gt, dets)])
    assert scores.official[0] == pytest.approx(2 * (percent - 45))


def test_detections_on_ignored_objects_count_as_neither():
    gt = rows((10, 10, 10, 10, 1, 1), (40, 40, 20, 20, 0, 1))
    on_ignored = [(42 + i, 42, 5, 5, 0.9, 1) for i in range(3)]
    dets = rows(*on_ignored, (10, 10, 10, 10, 0.5, 1))
    scores = evaluate([ImageRecord(90, 90, gt, dets)])
    # One of two objects found at precision one.
    assert dict(zip(METRICS, scores.official, strict=True)) == pytest.approx(
        dict(AP=50, AP50=50, AP75=50, AR1=0, AR10=50, AR100=50, AR500=50)
    )


def test_official_figure_weighs_classes_by_their_images():
    hit = rows((10, 10, 10, 10, 1, 1))
    missed = rows((10, 10, 10, 10, 1, 2))
    images = [
        ImageRecord(90, 90, rows(*hit, *missed), hit),
        ImageRecord(90, 90, hit, hit),
        ImageRecord(90, 90, hit, hit),
        ImageRecord(90, 90, NO_ROWS, NO_ROWS),
    ]
    scores = evaluate(images)
    assert scores.official[0] == pytest.approx(75)
    assert scores.class_mean[0] == pytest.approx(50)
    assert scores.per_class[:2, 0] == pytest.approx([100, 0])


def test_ties_between_images_are_broken_by_order():
    gt = rows((10, 10, 10, 10, 1, 1))
    miss = rows((50, 50, 10, 10, 0.5, 1))
    hit = rows((10, 10, 10, 10, 0.5, 1))
    first = ImageRecord(90, 90, gt, hit)
    second = ImageRecord(90, 90, gt, miss)
    assert evaluate([first, second]).official[0] == pytest.approx(50)
    assert evaluate([second, first]).official[0] == pytest.approx(25)


def test_regions_larger_than_the_image_are_cut():
    gt = rows(
        (-5, -5, 100, 100, 0, 0), (500, 500, 9, 9, 0, 0), (2, 2, 5, 5, 1, 1)
    )
    kept_gt, kept_dets = drop_ignored_regions(
        ImageRecord(20, 10, gt, rows((-9, 70, 3, 3, 0.5, 1)))
    )
    assert len(kept_gt) == 0
    assert len(kept_dets) == 1  # no pixel of it is in the image


def test_inputs_stay_as_they_are():
    rng = np.random.default_rng(1)
    images = [random_image(rng, 2) for _ in range(5)]
    before = [(image.gt.copy(), image.dets.copy()) for image in images]
    evaluate(images, 2)
    for image, (gt, dets) in zip(images, before, strict=True):
        np.testing.assert_array_equal(image.gt, gt)
        np.testing.assert_array_equal(image.dets, dets)


def read_rows(path):
    lines = [line.rstrip(',') for line in path.read_text().split()]
    return np.array([line.split(',')[:6] for line in lines], float)


@pytest.mark.skipif(not CASE.is_dir(), reason='no reference case')
def test_reference_case_equals_the_toolkit():
    sizes = (CASE / 'sizes.csv').read_text().split()[1:]
    whs = {
        name: (int(w), int(h)) for name, w, h in (s.split(',') for s in sizes)
    }
    results = next(
        p for p in CASE.iterdir() if p.is_dir() and p.name != 'annotations'
    )
    images = [
        ImageRecord(
            *whs[path.stem], read_rows(path), read_rows(results / path.name)
        )
        for path in sorted((CASE / 'annotations').glob('*.txt'))
    ]
    scores = evaluate(images)
    np.testing.assert_allclose(
        scores.official, CASE_FIGURES, atol=1e-6, rtol=0
    )
