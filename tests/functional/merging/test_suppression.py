import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmhcm.functional.boxes import box_iou
from mmhcm.functional.merging import suppression
from mmhcm.functional.merging.suppression import soft_nms, suppress


def slow_suppress(bboxes, iou_thr):
    over = box_iou(bboxes, bboxes) > iou_thr
    keep = []
    for ind in range(len(bboxes)):
        if not any(over[ind, better] for better in keep):
            keep.append(ind)
    return [ind in keep for ind in range(len(bboxes))]


def random_boxes(seed, num, integers):
    rng = np.random.default_rng(seed)
    xy, wh = rng.uniform(0, 40, (num, 2)), rng.uniform(0, 25, (num, 2))
    bboxes = np.hstack([xy, xy + wh])
    # Integers give ties, equal boxes and boxes without area.
    return (np.floor(bboxes) if integers else bboxes).astype(np.float32)


@given(
    st.integers(0, 2**32 - 1),
    st.integers(0, 120),
    st.booleans(),
    st.sampled_from([-0.1, 0.0, 0.3, 0.5, 1.0, np.inf]),
)
def test_suppression_agrees_with_the_slow_one(seed, num, integers, iou_thr):
    bboxes = random_boxes(seed, num, integers)
    keep = suppress(bboxes, iou_thr)
    assert keep.dtype == bool
    assert keep.tolist() == slow_suppress(bboxes, iou_thr)


@pytest.mark.parametrize('max_pairs', [1, 7, 100])
def test_size_of_blocks_does_not_change_results(monkeypatch, max_pairs):
    bboxes = random_boxes(3, 200, True)
    expected = suppress(bboxes, 0.3)
    monkeypatch.setattr(suppression, '_MAX_PAIRS', max_pairs)
    np.testing.assert_array_equal(suppress(bboxes, 0.3), expected)


def test_a_chain_keeps_every_other():
    """A suppressed box suppresses no other."""
    left = np.arange(30) * 4.0
    zeros = np.zeros(30)
    bboxes = np.stack([left, zeros, left + 10, zeros + 10], axis=1)
    keep = suppress(bboxes.astype(np.float32), 0.4)
    assert keep.tolist() == [True, False] * 15


def slow_soft_nms(bboxes, scores, labels, method, min_score):
    """Return (index, new score) of kept boxes, best first."""
    found = []
    for label in np.unique(labels):
        rest = np.flatnonzero((labels == label) & (scores >= min_score))
        current = scores[rest].astype(float)
        while len(rest):
            top = int(current.argmax())
            best = rest[top]
            found.append((best, current[top]))
            rest, current = np.delete(rest, top), np.delete(current, top)
            iou = box_iou(bboxes[best, None], bboxes[rest])[0]
            # Compare as float32: widened to float64, an IoU of 0.3 exceeds it.
            loss = iou.astype(float)
            if method == 'gaussian':
                current = current * np.exp(-(loss**2) / 0.5)
            else:
                over = iou > np.float32(0.3)
                current = current * np.where(over, 1 - loss, 1)
            alive = current >= np.float32(min_score)
            rest, current = rest[alive], current[alive]
    return sorted(found, key=lambda item: (-item[1], item[0]))


@given(
    st.integers(0, 2**32 - 1),
    st.integers(0, 60),
    st.booleans(),
    st.sampled_from([0.0, 0.02, 0.7]),
    st.sampled_from(['linear', 'gaussian']),
)
def test_soft_nms_agrees_with_the_slow_one(
    seed, num, integers, min_score, method
):
    bboxes = random_boxes(seed, num, integers)
    rng = np.random.default_rng(seed)
    scores, labels = rng.integers(0, 11, num) / 10, rng.integers(0, 2, num)
    arguments = (bboxes, scores, labels)
    options = {'method': method, 'min_score': min_score, 'iou_thr': 0.3}
    keep, new_scores = soft_nms(*arguments, **options)
    expected = slow_soft_nms(*arguments, method, min_score)
    assert keep.tolist() == [ind for ind, _ in expected]
    np.testing.assert_allclose(
        new_scores, [score for _, score in expected], rtol=1e-6
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(suppression, 'compiled', lambda function, *_: function)
        plain = soft_nms(*arguments, **options)
    np.testing.assert_array_equal(plain[0], keep)
    np.testing.assert_allclose(plain[1], new_scores, rtol=1e-12)


def test_score_equal_to_the_threshold_is_kept():
    bboxes = np.array([[0, 0, 10, 10], [50, 0, 60, 10]])
    for min_score in np.arange(1, 10) / 10:
        keep, _ = soft_nms(
            bboxes,
            [0.95, min_score],
            [0, 0],
            method='linear',
            min_score=min_score,
        )
        assert keep.tolist() == [0, 1]
