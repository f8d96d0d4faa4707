import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mmhcm.functional.boxes import (
    as_bboxes,
    box_areas,
    box_iof,
    box_iou,
    box_wh,
    clip_boxes,
    contains,
    intersection_areas,
    sqrt_areas,
)

SIDE = 12


@st.composite
def box_lists(draw, max_size=5):
    """Draw boxes of whole pixels in SIDE x SIDE, some without area."""
    num = draw(st.integers(0, max_size))
    corners = draw(arrays(np.int64, (num, 2, 2), elements=st.integers(0, 12)))
    return as_bboxes(np.sort(corners, axis=1).reshape(-1, 4))


def masks(bboxes):
    """Paint the pixels (n, SIDE * SIDE) of each box."""
    painted = np.zeros((len(bboxes), SIDE, SIDE), dtype=bool)
    for mask, (x1, y1, x2, y2) in zip(
        painted, bboxes.astype(int), strict=True
    ):
        mask[y1:y2, x1:x2] = True
    return painted.reshape(len(bboxes), SIDE * SIDE)


@pytest.mark.parametrize('empty', [[], (), np.zeros((0, 4)), np.zeros(0)])
def test_no_boxes(empty):
    bboxes = as_bboxes(empty)
    some = as_bboxes([[0, 0, 2, 2]])
    assert bboxes.shape == (0, 4)
    assert bboxes.dtype == np.float32
    assert box_wh(bboxes).shape == (0, 2)
    assert box_areas(bboxes).shape == (0,)
    assert sqrt_areas(bboxes).shape == (0,)
    assert clip_boxes(bboxes, (0, 0, 1, 1)).shape == (0, 4)
    for function in (intersection_areas, box_iou, box_iof, contains):
        assert function(bboxes, some).shape == (0, 1)
        assert function(some, bboxes).shape == (1, 0)
        assert function(bboxes, bboxes).shape == (0, 0)


@given(box_lists(), box_lists())
def test_pairwise_functions_count_pixels(bboxes1, bboxes2):
    masks1, masks2 = masks(bboxes1), masks(bboxes2)
    both = (masks1[:, None] & masks2[None]).sum(axis=2)
    either = (masks1[:, None] | masks2[None]).sum(axis=2)
    own = masks1.sum(axis=1)
    np.testing.assert_array_equal(box_areas(bboxes1), own)
    np.testing.assert_array_equal(sqrt_areas(bboxes1) ** 2 > 0, own > 0)
    np.testing.assert_array_equal(intersection_areas(bboxes1, bboxes2), both)
    np.testing.assert_allclose(
        box_iou(bboxes1, bboxes2), both / np.maximum(either, 1), rtol=1e-6
    )
    np.testing.assert_allclose(
        box_iof(bboxes1, bboxes2),
        both / np.maximum(own, 1)[:, None],
        rtol=1e-6,
    )
    inside = (both == own[:, None])[:, :, None]
    solid = own > 0
    np.testing.assert_array_equal(
        contains(bboxes2, bboxes1)[:, solid], inside[solid, :, 0].T
    )


@given(box_lists(), box_lists(max_size=1))
def test_clipped_boxes_equal_the_intersection(bboxes, window):
    if not len(window):
        return
    before = bboxes.copy()
    clipped = clip_boxes(bboxes, tuple(window[0]))
    np.testing.assert_array_equal(bboxes, before)
    assert contains(window, clipped).all()
    np.testing.assert_array_equal(
        box_areas(clipped), intersection_areas(bboxes, window)[:, 0]
    )


def test_widths_are_never_negative():
    inverted = as_bboxes([[5, 5, 2, 9]])
    assert box_wh(inverted).tolist() == [[0, 4]]
    assert box_areas(inverted).tolist() == [0]


def test_precision_follows_the_boxes():
    bboxes = np.array([[0, 0, 1, 3]], dtype=np.float64)
    assert box_iou(bboxes, bboxes).dtype == np.float64
    assert box_iou(as_bboxes(bboxes), as_bboxes(bboxes)).dtype == np.float32
    assert clip_boxes(bboxes, (0, 0, 9, 9)).dtype == np.float64


def test_as_bboxes_takes_json_lists():
    bboxes = as_bboxes([(1, 2, 3.5, 4), [0, 0, 1, 1]])
    assert bboxes.tolist() == [[1, 2, 3.5, 4], [0, 0, 1, 1]]
