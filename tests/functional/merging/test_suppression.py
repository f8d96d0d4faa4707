import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmhcm.functional.boxes import box_iou
from mmhcm.functional.merging import suppression
from mmhcm.functional.merging.suppression import suppress


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
