from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhcm.functional.boxes import as_bboxes, intersection_areas
from mmhcm.functional.pasting import clear_window, covered_shares, shared_boxes


def shows_others(window, bbox, others):
    """Test if a pixel outside of the box belongs to another box."""
    pixels = np.zeros((30, 30), dtype=bool)
    for x1, y1, x2, y2 in others:
        pixels[y1:y2, x1:x2] = True
    pixels[bbox[1] : bbox[3], bbox[0] : bbox[2]] = False
    x1, y1, x2, y2 = (int(value) for value in window)
    return pixels[y1:y2, x1:x2].any()


def area(window):
    return (window[2] - window[0]) * (window[3] - window[1])


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_no_larger_window_is_clear(seed):
    rng = np.random.default_rng(seed)
    outer = np.array([8, 9, 18, 18])
    bbox = np.array([*rng.integers(8, 13, 2), *rng.integers(13, 18, 2)])
    bbox[1] = max(bbox[1], 9)
    corners = rng.integers(0, 24, (rng.integers(0, 7), 2))
    others = np.hstack([corners, corners + rng.integers(0, 6, corners.shape)])
    window = clear_window(bbox, outer, others)
    assert not shows_others(window, bbox, others)
    best = max(
        area(candidate)
        for candidate in product(
            range(outer[0], bbox[0] + 1),
            range(outer[1], bbox[1] + 1),
            range(bbox[2], outer[2] + 1),
            range(bbox[3], outer[3] + 1),
        )
        if not shows_others(candidate, bbox, others)
    )
    assert area(window) == best


def test_a_neighbour_at_the_corner_costs_the_cheaper_side():
    window = clear_window([10, 10, 50, 20], [0, 5, 60, 25], [[0, 0, 8, 9]])
    assert window.tolist() == [8, 5, 60, 25]


def test_object_without_neighbours_loses_no_pixel():
    outer = [0.5, 0, 20, 20]
    for others in ([], [[20, 0, 30, 30]], [[6, 6, 8, 8]], [[1, 1, 1, 9]]):
        assert clear_window([5, 5, 9, 9], outer, others).tolist() == outer


@given(st.integers(0, 2**32 - 1))
def test_shared_boxes_lie_in_the_box(seed):
    rng = np.random.default_rng(seed)
    bboxes = rng.uniform(0, 20, (9, 2))
    bboxes = as_bboxes(np.hstack([bboxes, bboxes + rng.uniform(1, 9, (9, 2))]))
    bbox, others = bboxes[0], bboxes[1:]
    shared = shared_boxes(bbox, others)
    areas = [area(other) for other in others]
    inside = intersection_areas(bbox[None], others)[0]
    large = [
        have > 0 and have >= 0.1 * min(area(bbox), own)
        for have, own in zip(inside, areas, strict=True)
    ]
    assert [area(box) for box in shared] == pytest.approx(inside[large])
    assert (shared[:, :2] >= bbox[:2]).all()
    assert (shared[:, 2:] <= bbox[2:]).all()


@given(st.integers(0, 2**32 - 1))
def test_covered_shares_are_those_of_pixels(seed):
    rng = np.random.default_rng(seed)
    bboxes = rng.integers(0, 20, (rng.integers(1, 9), 2))
    bboxes = np.hstack([bboxes, bboxes + rng.integers(1, 9, bboxes.shape)])
    inds = np.flatnonzero(rng.random(len(bboxes)) < 0.7)
    expected = []
    for ind in inds:
        pixels = np.zeros((30, 30), dtype=bool)
        for x1, y1, x2, y2 in np.delete(bboxes, ind, axis=0):
            pixels[y1:y2, x1:x2] = True
        x1, y1, x2, y2 = bboxes[ind]
        expected.append(pixels[y1:y2, x1:x2].mean())
    assert covered_shares(bboxes, inds) == pytest.approx(expected)
