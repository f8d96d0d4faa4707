import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhcm.functional.scoring import (
    ERROR_TYPES,
    FIXES,
    IOU_THRS,
    ImageRecord,
    error_costs,
    evaluate,
)
from mmhcm.functional.scoring.matched_objects import match_images
from tests.support.slow_boxes import slow_overlap

OBJECT = (10, 10, 10, 10)
# IoU with OBJECT: 0.6, 0.25 and 0
NEAR = (10, 10, 10, 6)
PART = (10, 10, 10, 2.5)
FAR = (40, 40, 10, 10)


def record(dets=(), gts=(), image_wh=(60, 60)):
    """``dets``: (xywh, score, category); ``gts``: (xywh, category, score)."""
    return ImageRecord(
        *image_wh,
        np.array(
            [
                (*g[0], g[2] if len(g) > 2 else int(g[1] not in (0, 11)), g[1])
                for g in gts
            ],
            dtype=float,
        ).reshape(-1, 6),
        np.array([(*d[0], d[1], d[2]) for d in dets], float).reshape(-1, 6),
    )


ONE = [(OBJECT, 1)]
TWO = [(OBJECT, 1), (FAR, 1)]
#: Detections, objects; counts by type, AP, what fixes gain.
CASES = {
    'none': ([], ONE, [0, 0, 0, 0, 0, 1], 0, {'Miss': 100, 'FN': 100}),
    'found': ([(NEAR, 0.9, 1)], ONE, [0] * 6, 100, {}),
    'class': (
        *([(NEAR, 0.9, 2)], ONE),
        *([1, 0, 0, 0, 0, 0], 0, {'Cls': 100, 'FN': 100}),
    ),
    'location': ([(PART, 0.9, 1)], ONE, [0, 1, 0, 0, 0, 0], 0, {'Loc': 100}),
    'both, and so missed': (
        *([(PART, 0.9, 2)], ONE),
        *([0, 0, 1, 0, 0, 1], 0, {'Miss': 100, 'FN': 100}),
    ),
    'duplicate between true positives': (
        *([(OBJECT, 0.9, 1), (NEAR, 0.8, 1), (FAR, 0.7, 1)], TWO),
        *([0, 0, 0, 1, 0, 0], 50 + 100 / 3),
        {'Dupe': 50 - 100 / 3, 'FP': 50 - 100 / 3},
    ),
    'background': (
        *([((30, 0, 5, 5), 0.9, 1), (OBJECT, 0.8, 1)], ONE),
        *([0, 0, 0, 0, 1, 0], 50, {'Bkg': 50, 'FP': 50}),
    ),
    'missed': (
        *([(OBJECT, 0.8, 1)], TWO),
        *([0, 0, 0, 0, 0, 1], 50, {'Miss': 50, 'FN': 50}),
    ),
    'fixed, it takes the object of a lower score': (
        *([(PART, 0.9, 1), (OBJECT, 0.8, 1)], ONE),
        *([0, 1, 0, 0, 0, 0], 50, {'Loc': 50, 'FP': 50}),
    ),
    'category 11 is background': (
        *([(OBJECT, 0.9, 1)], [(OBJECT, 11), (FAR, 1)]),
        *([0, 0, 0, 0, 1, 1], 0, {}),
    ),
    'nothing counts in an ignored region': (
        [(FAR, 0.9, 1), (OBJECT, 0.5, 1)],
        [(FAR, 0), (OBJECT, 1), ((42, 42, 5, 5), 1)],
        *([0] * 6, 100, {}),
    ),
    'an ignored object counts for recall alone': (
        *([(OBJECT, 0.9, 1), (FAR, 0.8, 1)], [(OBJECT, 1, 0), (FAR, 1)]),
        *([0] * 6, 50, {'FN': 50}),
    ),
}


@pytest.mark.parametrize('name', CASES)
def test_types_and_costs(name):
    dets, gts, counts, ap, gains = CASES[name]
    costs = error_costs([record(dets, gts)])
    assert costs.counts.tolist() == counts
    assert costs.mean_ap() == pytest.approx(ap)
    added = {k: v for k, v in costs.costs().items() if abs(v) > 1e-9}
    assert added == pytest.approx(gains)


def test_no_images():
    costs = error_costs([])
    assert costs.counts.tolist() == [0] * 6
    assert math.isnan(costs.mean_ap())
    assert all(math.isnan(cost) for cost in costs.costs().values())


def test_official_mean_weighs_by_images():
    images = [
        record([(OBJECT, 0.9, 1)], [(OBJECT, 1), (FAR, 2)]),
        record([(OBJECT, 0.9, 1)], [(OBJECT, 1)]),
    ]
    costs = error_costs(images)
    assert costs.mean_ap() == pytest.approx(200 / 3)
    assert costs.mean_ap(official=False) == pytest.approx(50)


# ---------------------------------------------------------- slow reference
def slow_match(dets, gts):
    """Match by the official rule at 0.5: the object of each detection."""
    has = {}
    for category in (1, 2, 3):
        taken = set()
        own = [i for i, d in enumerate(dets) if d[2] == category]
        for i in sorted(own, key=lambda i: -dets[i][1]):
            best, best_iou = None, 0.5
            for j, gt in enumerate(gts):
                if gt[1] != category or gt[2] == 0 or j in taken:
                    continue
                if slow_overlap(dets[i][0], gt[0]) >= best_iou:
                    best, best_iou = j, slow_overlap(dets[i][0], gt[0])
            if best is not None:
                taken.add(best)
                has[i] = best
    return has


def slow_entries(images):
    """List a dict for each detection, and the objects with their class."""
    entries, objects = [], []
    for dets, gts in images:
        has, start = slow_match(dets, gts), len(objects)
        objects += [gt[1] for gt in gts]
        for i, (box, score, category) in enumerate(dets):
            entry = {'score': score, 'category': category, 'object': None}
            if i in has:
                entry.update(type='TP', object=start + has[i])
            else:
                ranked = sorted(
                    (-slow_overlap(box, gt[0]), gt[1] != category, j)
                    for j, gt in enumerate(gts)
                )
                iou, other, j = ranked[0] if ranked else (0, True, None)
                if -iou < 0.1:
                    entry['type'] = 'Bkg'
                else:
                    entry['object'] = start + j
                    entry['type'] = (
                        ('Cls' if other else 'Dupe')
                        if -iou >= 0.5
                        else ('Both' if other else 'Loc')
                    )
            entries.append(entry)
    return entries, objects


def slow_ap(entries, category, num_objects):
    """Compute the area under the precision envelope, point by point."""
    hits = [
        e['type'] == 'TP'
        for e in sorted(entries, key=lambda e: -e['score'])
        if e['category'] == category
    ]
    points = [
        (
            sum(hits[: n + 1]) / max(num_objects, 1),
            sum(hits[: n + 1]) / (n + 1),
        )
        for n in range(len(hits))
    ]
    if not points and not num_objects:
        return 100
    area, last = 0.0, 0.0
    for n, (recall, _) in enumerate(points):
        area += (recall - last) * max(p for _, p in points[n:])
        last = recall
    return 100 * area


def slow_repair(entries, objects, fix):
    """Fix the detections; the highest score keeps each object."""
    for entry in entries:
        if entry['type'] == fix:
            entry['category'] = objects[entry['object']]
            entry['type'] = 'TP'
    kept, owned = [], set()
    for entry in sorted(entries, key=lambda e: -e['score']):
        if entry['type'] == 'TP':
            if entry['object'] in owned:
                continue
            owned.add(entry['object'])
        kept.append(entry)
    # back into the order of the files, for equal scores
    return [e for e in entries if any(e is k for k in kept)]


def slow_fix(entries, objects, fix):
    """Compute entries and number of objects by class after one fix."""
    entries = [dict(entry) for entry in entries]
    explained = {
        e['object'] for e in entries if e['type'] in ('TP', 'Cls', 'Loc')
    }
    if fix in ('Cls', 'Loc'):
        entries = slow_repair(entries, objects, fix)
    elif fix == 'FP':
        entries = [e for e in entries if e['type'] == 'TP']
    elif fix in ERROR_TYPES[:5]:
        entries = [e for e in entries if e['type'] != fix]
    if fix == 'Miss':
        objects = [c for i, c in enumerate(objects) if i in explained]
    if fix == 'FN':
        found = {e['object'] for e in entries if e['type'] == 'TP'}
        objects = [c for i, c in enumerate(objects) if i in found]
    return entries, objects


coord = st.integers(0, 6)
side = st.integers(1, 6)
box = st.tuples(coord, coord, side, side)
category = st.integers(1, 3)
image = st.tuples(
    st.lists(st.tuples(box, st.sampled_from([0.2, 0.5, 0.8]), category)),
    st.lists(st.tuples(box, category, st.just(1))),
)


@settings(max_examples=150)
@given(st.lists(image, max_size=3))
def test_against_the_slow_version(images):
    entries, objects = slow_entries(images)
    costs = error_costs([record(*i) for i in images], num_classes=3)
    for name, count in zip(ERROR_TYPES[:5], costs.counts, strict=False):
        assert count == sum(e['type'] == name for e in entries)
    for number, fix in enumerate(('', *FIXES)):
        row = costs.ap if not fix else costs.fixed_ap[number - 1]
        fixed, left = slow_fix(entries, objects, fix)
        for c in (1, 2, 3):
            if c not in objects:
                assert np.isnan(row[c - 1])
                continue
            wanted = slow_ap(fixed, c, left.count(c))
            assert row[c - 1] == pytest.approx(wanted), (fix, c)
    if objects:
        assert min(costs.costs().values()) > -1e-9


gt_row = st.tuples(box, st.integers(0, 4), st.integers(0, 1))
messy = st.tuples(
    st.lists(st.tuples(box, st.sampled_from([0.2, 0.5, 0.8]), category)),
    st.lists(gt_row, min_size=1),
)


@settings(max_examples=150)
@given(st.lists(messy, min_size=1, max_size=3))
def test_ap_is_the_official_one(images):
    """Regions, ignored objects and foreign categories included."""
    records = [record(*i, image_wh=(12, 12)) for i in images]
    costs = error_costs(records, num_classes=3)
    scores = evaluate(records, num_classes=3)
    np.testing.assert_allclose(costs.ap, scores.per_class[:, 1])
    if not np.isnan(scores.official[1]):
        assert costs.mean_ap() == pytest.approx(scores.official[1])
        plain = costs.mean_ap(official=False)
        assert plain == pytest.approx(scores.class_mean[1])


@settings(max_examples=100)
@given(messy)
def test_matched_objects_fit_the_flags(image):
    (found,) = match_images([record(*image, image_wh=(12, 12))], 3)
    assert found.flags.shape == (len(IOU_THRS), len(found.dets))
    np.testing.assert_array_equal(found.gt_inds >= 0, found.flags == 1)
    for thr, flags, inds in zip(
        IOU_THRS, found.flags, found.gt_inds, strict=True
    ):
        hit = np.flatnonzero(flags == 1)
        assert len(set(inds[hit])) == len(hit)
        for det, gt in zip(found.dets[hit], found.gt[inds[hit]], strict=True):
            assert det[5] == gt[5]
            assert gt[4] != 0
            assert slow_overlap(det[:4], gt[:4]) >= thr - 1e-12


@settings(max_examples=100)
@given(st.lists(messy, min_size=1, max_size=3))
def test_types_partition_the_false_positives(images):
    """Each has one of five types, whatever is ignored."""
    records = [record(*i, image_wh=(12, 12)) for i in images]
    costs = error_costs(records, num_classes=3)
    num_false = sum(
        np.count_nonzero(found.flags[0] == 0)
        for found in match_images(records, 3)
    )
    assert costs.counts[:5].sum() == num_false
