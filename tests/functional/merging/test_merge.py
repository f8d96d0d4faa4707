import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhcm.functional.merging import merge_scales, nms, soft_nms
from mmhcm.functional.merging.merge import METHODS
from tests.support.slow_boxes import slow_corner_overlap as slow_iou

INF = float('inf')


def random_detections(rng, num, num_labels=3):
    xy = rng.integers(0, 40, (num, 2))
    wh = rng.integers(0, 25, (num, 2))
    return (
        np.hstack([xy, xy + wh]).astype(np.float32),
        (rng.integers(0, 8, num) / 8).astype(np.float32),  # with ties
        rng.integers(0, num_labels, num),
    )


def slow_nms(bboxes, scores, labels, iou_thr):
    keep = []
    for i in sorted(range(len(scores)), key=lambda i: (-scores[i], i)):
        if all(
            labels[i] != labels[j]
            or slow_iou(bboxes[i], bboxes[j]) <= np.float32(iou_thr)
            for j in keep
        ):
            keep.append(i)
    return keep


def slow_soft_nms(bboxes, scores, labels, decay, min_score):
    # Equal new scores keep the order of the old scores.
    ranks = {
        i: rank
        for rank, i in enumerate(
            sorted(range(len(scores)), key=lambda i: (-scores[i], i))
        )
    }
    scores = [float(score) for score in scores]
    rest = {i for i in ranks if scores[i] >= min_score}
    kept = {}
    while rest:
        best = max(rest, key=lambda i: (scores[i], -ranks[i]))
        rest.remove(best)
        kept[best] = scores[best]
        for i in rest:
            if labels[i] == labels[best]:
                scores[i] *= decay(float(slow_iou(bboxes[i], bboxes[best])))
        rest = {i for i in rest if scores[i] >= min_score}
    return kept


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(0, 150),
    st.sampled_from([0.0, 0.3, 0.5, 1.0]),
)
def test_nms_agrees_with_the_slow_one(seed, num, iou_thr):
    detections = random_detections(np.random.default_rng(seed), num)
    keep = nms(*detections, iou_thr)
    assert keep.dtype == np.int64
    assert keep.tolist() == slow_nms(*detections, iou_thr)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 40), st.booleans())
def test_soft_nms_agrees_with_the_slow_one(seed, num, linear):
    detections = random_detections(np.random.default_rng(seed), num)
    if linear:
        keep, scores = soft_nms(
            *detections, method='linear', iou_thr=0.3, min_score=0.05
        )

        def decay(iou):
            return 1 - iou if iou > np.float32(0.3) else 1
    else:
        keep, scores = soft_nms(*detections, sigma=0.4, min_score=0.05)

        def decay(iou):
            return np.exp(-(iou**2) / 0.4)

    expected = slow_soft_nms(*detections, decay, 0.05)
    assert dict(zip(keep.tolist(), scores, strict=True)) == pytest.approx(
        expected, abs=1e-6
    )
    assert (np.diff(scores) <= 0).all()


@pytest.mark.parametrize('tenths', range(1, 10))
def test_overlap_equal_to_the_threshold_is_kept(tenths):
    bboxes = np.array([[0, 0, 10, 10], [0, 0, 10, tenths]])
    scores, labels = np.array([0.8, 0.5]), np.zeros(2, int)
    iou_thr = tenths / 10
    assert nms(bboxes, scores, labels, iou_thr).tolist() == [0, 1]
    _, new_scores = soft_nms(
        bboxes, scores, labels, method='linear', iou_thr=iou_thr
    )
    np.testing.assert_allclose(new_scores, [0.8, 0.5])


@pytest.mark.parametrize('method', METHODS)
@pytest.mark.parametrize('num_scales', [0, 1, 3])
def test_merge_of_no_detections(method, num_scales):
    empty = np.zeros((0, 4)), np.zeros(0), np.zeros(0, int)
    merged = merge_scales([empty] * num_scales, None, method)
    assert [array.shape for array in merged] == [(0, 4), (0,), (0,)]
    assert [array.dtype for array in merged] == ['float32', 'float32', 'int64']


def test_valid_ranges_are_half_open_and_come_before_the_limit():
    small, large = [0.0, 0, 8, 8], [20.0, 20, 60, 60]
    fine = np.array([large, small]), np.array([0.9, 0.5]), np.array([1, 1])
    coarse = np.array([large, small]), np.array([0.4, 0.8]), np.array([1, 1])
    merged = merge_scales([fine, coarse], [(0, 40), (40, INF)], max_num=2)
    np.testing.assert_array_equal(merged.bboxes, [small, large])
    np.testing.assert_allclose(merged.scores, [0.5, 0.4])


def test_inputs_stay_as_they_are():
    detections = random_detections(np.random.default_rng(0), 50)
    copies = [array.copy() for array in detections]
    for method in METHODS:
        merge_scales([detections] * 2, None, method)
    for array, copy in zip(detections, copies, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize(
    ('kwargs', 'fault'),
    [
        (dict(method='x'), 'method'),
        (dict(valid_ranges=[(0, 1)]), '1 valid ranges for 0 scales'),
        (dict(method='soft_nms_gaussian', sigma=0), 'sigma'),
    ],
)
def test_arguments_are_checked(kwargs, fault):
    with pytest.raises(ValueError, match=fault):
        merge_scales([], **kwargs)


def test_lengths_are_checked():
    with pytest.raises(ValueError, match='1 boxes, 2 scores and 1 labels'):
        nms(np.zeros((1, 4)), np.zeros(2), np.zeros(1))


@pytest.mark.parametrize('method', METHODS)
def test_count_is_capped_among_thousands(method):
    rng = np.random.default_rng(0)
    xy = rng.random((6000, 2)) * 1500
    bboxes = np.hstack([xy, xy + 20 + 40 * rng.random((6000, 2))])
    part = bboxes, rng.random(6000), rng.integers(0, 10, 6000)
    merged = merge_scales([part], None, method)
    assert len(merged.scores) == 500


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.lists(st.integers(0, 20), max_size=3),
    st.sampled_from(METHODS),
    st.booleans(),
)
def test_best_box_of_each_class_is_unchanged(seed, nums, method, ranged):
    rng = np.random.default_rng(seed)
    parts = [random_detections(rng, num) for num in nums]
    ranges = [(0, 15), (10, INF), (0, INF)][: len(nums)] if ranged else None
    merged = merge_scales(parts, ranges, method, max_num=1000)
    rows = {
        (*bbox, score, label)
        for bbox, score, label in zip(
            *(array.tolist() for array in merged), strict=True
        )
    }
    for own in range(3):
        # the first one of the highest score, among those in range
        best = None
        for ind, part in enumerate(parts):
            low, high = ranges[ind] if ranges else (0, INF)
            for bbox, score, label in zip(*part, strict=True):
                size = np.sqrt(np.prod(bbox[2:] - bbox[:2]))
                if label != own or not low <= size < high:
                    continue
                if best is None or score > best[4]:
                    best = (*bbox.tolist(), float(score), own)
        # Soft methods drop scores below their limit, the best one's too.
        if best and (method == 'nms' or best[4] >= 1e-3):
            assert best in rows
        elif method == 'nms' or best is None:
            assert own not in merged.labels
    assert len(merged.scores) <= sum(nums)


@pytest.mark.parametrize(
    ('kwargs', 'fault'),
    [(dict(method='nms'), 'method'), (dict(sigma=0.0), 'sigma')],
)
def test_arguments_of_soft_nms_are_checked(kwargs, fault):
    none = np.zeros((0, 4)), np.zeros(0), np.zeros(0, int)
    with pytest.raises(ValueError, match=fault):
        soft_nms(*none, **kwargs)
