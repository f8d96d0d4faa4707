import re
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhcm.functional.boxes import box_iou
from mmhcm.functional.merging import fuse_detections
from mmhcm.functional.merging.ensemble import METHODS

PAIR = [
    ([[0, 0, 10, 10]], [0.9], [3]),
    ([[0, 0, 10, 12]], [0.6], [3]),
]


def draw(rng, num_boxes, labels=2, decimals=5):
    """Draw crowded boxes, so that many overlap, and scores with ties."""
    centers = rng.choice([40.0, 60.0, 300.0], (num_boxes, 2))
    centers += rng.normal(0, 4, (num_boxes, 2))
    sides = rng.uniform(15, 30, (num_boxes, 2))
    bboxes = np.hstack([centers - sides / 2, centers + sides / 2])
    scores = np.round(rng.uniform(0.01, 1, num_boxes), decimals)
    return bboxes, scores, rng.integers(0, labels, num_boxes)


def draw_all(seed, num_detectors=3, decimals=5):
    rng = np.random.default_rng(seed)
    return [
        draw(rng, rng.integers(0, 30), 2, decimals)
        for _ in range(num_detectors)
    ]


def slow_wbf(detections, weights, iou_thr):
    """Fuse boxes by the literal formula of WBF, in pixels."""
    boxes = [
        (float(s) * w, tuple(map(float, b)), int(label), source, w)
        for source, (part, w) in enumerate(
            zip(detections, weights, strict=True)
        )
        for b, s, label in zip(*part, strict=True)
    ]
    clusters = []
    for box in sorted(boxes, key=lambda box: -box[0]):
        best, best_iou = None, iou_thr
        for cluster in clusters:
            if cluster['label'] != box[2]:
                continue
            iou = box_iou(
                np.array([cluster['mean']]), np.array([box[1]])
            ).item()
            if iou > best_iou:
                best, best_iou = cluster, iou
        if best is None:
            best = {'label': box[2], 'boxes': []}
            clusters.append(best)
        best['boxes'].append(box)
        total = sum(b[0] for b in best['boxes'])
        best['mean'] = [
            sum(b[0] * b[1][i] for b in best['boxes']) / total
            for i in range(4)
        ]
    rows = []
    for cluster in clusters:
        members = cluster['boxes']
        mean = sum(b[0] for b in members) / sum(b[4] for b in members)
        found = {b[3]: b[4] for b in members}
        score = mean * sum(found.values()) / sum(weights)
        rows.append((score, cluster['label'], *cluster['mean']))
    return np.array(sorted(rows, reverse=True)).reshape(-1, 6)


def as_rows(fused):
    rows = np.column_stack([fused.scores, fused.labels, fused.bboxes])
    return rows.astype(float).reshape(-1, 6)


@pytest.mark.parametrize('seed', range(8))
@pytest.mark.parametrize('weights', [[1, 1, 1], [2, 1, 0.5]])
def test_wbf_equals_the_slow_version(seed, weights):
    detections = draw_all(seed, decimals=12)
    fused = as_rows(fuse_detections(detections, weights, iou_thr=0.5))
    expected = slow_wbf(detections, weights, iou_thr=0.5)
    assert fused.shape == expected.shape
    order = np.lexsort(np.round(fused, 3).T)
    expected_order = np.lexsort(np.round(expected, 3).T)
    np.testing.assert_allclose(
        fused[order], expected[expected_order], atol=2e-3
    )


@pytest.mark.parametrize(
    ('method', 'expected'),
    [('nms', [0.9]), ('soft-nms', [0.9, 0.3 * np.exp(-((10 / 12) ** 2) * 2)])],
)
def test_suppression_keeps_the_best_box(method, expected):
    fused = fuse_detections(PAIR, [2, 1], method)
    np.testing.assert_allclose(fused.scores, expected, rtol=1e-5)
    assert fused.bboxes[0].tolist() == [0, 0, 10, 10]


def test_nmw_keeps_the_best_score():
    fused = fuse_detections(PAIR, [2, 1], 'nmw')
    np.testing.assert_allclose(fused.scores, [0.9], rtol=1e-5)
    # Weights: score times IoU with the best box.
    high, low = 0.9, 0.3 * 10 / 12
    y2 = (high * 10 + low * 12) / (high + low)
    np.testing.assert_allclose(fused.bboxes, [[0, 0, 10, y2]], atol=1e-5)


@pytest.mark.parametrize('method', METHODS)
def test_classes_stay_apart(method):
    detections = [([[0, 0, 9, 9]], [0.8], [0]), ([[0, 0, 9, 9]], [0.7], [1])]
    fused = fuse_detections(detections, method=method)
    assert fused.labels.tolist() == [0, 1]


@pytest.mark.parametrize('method', METHODS)
@pytest.mark.parametrize(
    'detections',
    [
        [([], [], []), ([], [], [])],
        [([[5, 5, 5, 9]], [0.9], [1]), ([[5, 5, 4, 4]], [0.9], [1])],
        [([[0, 0, 5, 5]], [0.1], [1]), ([], [], [])],
    ],
    ids=['none', 'without area', 'below the threshold'],
)
def test_no_detections(method, detections):
    fused = fuse_detections(detections, method=method, skip_box_thr=0.2)
    assert fused.bboxes.shape == (0, 4)
    assert fused.bboxes.dtype == fused.scores.dtype == np.float32
    assert fused.scores.shape == fused.labels.shape == (0,)


@pytest.mark.parametrize('method', METHODS)
@settings(max_examples=15)
@given(
    seed=st.integers(0, 10_000),
    weights=st.lists(st.floats(0.1, 9), min_size=3, max_size=3),
)
def test_scores_stay_scores_and_boxes_in_their_hull(method, seed, weights):
    detections = draw_all(seed)
    fused = fuse_detections(detections, weights, method, iou_thr=0.3)
    assert ((fused.scores >= 0) & (fused.scores <= 1)).all()
    assert (np.diff(fused.scores) <= 0).all()
    bboxes = np.concatenate([part[0] for part in detections])
    if len(bboxes):
        assert fused.bboxes.min() >= bboxes.min() - 1e-3
        assert fused.bboxes.max() <= bboxes.max() + 1e-3
    assert set(fused.labels) <= {0, 1}


@pytest.mark.parametrize('method', ['wbf', 'nmw'])
@pytest.mark.parametrize('seed', range(4))
def test_the_frame_does_not_matter(method, seed):
    # An axis at a time: normalised boxes, and any image size, fuse alike.
    detections = draw_all(seed)
    scale = np.array([0.37, 5.0, 0.37, 5.0])
    offset = np.array([-20.0, 700.0, -20.0, 700.0])
    moved = [(b * scale + offset, s, labels) for b, s, labels in detections]
    fused = fuse_detections(detections, method=method)
    again = fuse_detections(moved, method=method)
    np.testing.assert_allclose(again.scores, fused.scores, atol=1e-6)
    assert again.labels.tolist() == fused.labels.tolist()
    np.testing.assert_allclose(
        again.bboxes, fused.bboxes * scale + offset, atol=5e-3
    )


@pytest.mark.parametrize('method', METHODS)
@pytest.mark.parametrize('seed', range(4))
def test_the_order_of_detectors_does_not_matter(method, seed):
    # One decimal: most scores are equal to others.
    detections = draw_all(seed, decimals=1)
    weights = [1.0, 2.0, 0.5]
    fused = fuse_detections(detections, weights, method)
    order = [2, 0, 1]
    again = fuse_detections(
        [detections[i] for i in order], [weights[i] for i in order], method
    )
    np.testing.assert_array_equal(again.scores, fused.scores)
    np.testing.assert_array_equal(again.bboxes, fused.bboxes)
    np.testing.assert_array_equal(again.labels, fused.labels)


def test_inputs_are_left_alone():
    detections = draw_all(1)
    before = [[array.copy() for array in part] for part in detections]
    for method in METHODS:
        fuse_detections(detections, [1, 2, 3], method)
    for part, kept in zip(detections, before, strict=True):
        for array, copy in zip(part, kept, strict=True):
            np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize(
    ('options', 'fault'),
    [
        ({'method': 'mean'}, "'mean'"),
        ({'weights': [1]}, '1 weights for 2 results'),
        ({'weights': [1, 0]}, 'must be positive: 1 0'),
        ({'weights': [1, float('nan')]}, 'must be positive'),
        ({'iou_thr': 1.5}, 'iou_thr must be in [0, 1], not 1.5'),
        ({'skip_box_thr': -1}, 'skip_box_thr'),
    ],
)
def test_invalid_settings_are_named(options, fault):
    with pytest.raises(ValueError, match=re.escape(fault)):
        fuse_detections(PAIR, **options)


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, 'ensemble_boxes', None)
    with pytest.raises(ImportError, match='pip install ensemble-boxes'):
        fuse_detections(PAIR)
    assert len(fuse_detections(PAIR, method='nms').bboxes) == 1
