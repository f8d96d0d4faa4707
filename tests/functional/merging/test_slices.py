import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmhcm.functional.merging import cut_detections, slice_windows

sides = st.integers(1, 300)
overlaps = st.sampled_from([0.0, 0.1, 0.2, 0.25, 0.5, 0.9])


def slow_windows(width, height, window, overlap):
    """List windows one after another, like SAHI."""
    step = window - int(overlap * window)
    windows = []
    y1 = 0
    while True:
        y2 = min(y1 + window, height)
        x1 = 0
        while True:
            x2 = min(x1 + window, width)
            windows.append((max(0, x2 - window), max(0, y2 - window), x2, y2))
            if x2 == width:
                break
            x1 += step
        if y2 == height:
            return windows
        y1 += step


@given(sides, sides, st.integers(1, 120), overlaps)
def test_windows_agree_with_the_slow_ones(width, height, window, overlap):
    windows = slice_windows(width, height, window, overlap)
    assert windows.dtype == np.int64
    assert [tuple(row) for row in windows.tolist()] == slow_windows(
        width, height, window, overlap
    )


@given(sides, sides, st.integers(10, 120), overlaps)
def test_windows_cover_and_are_of_one_size(width, height, window, overlap):
    windows = slice_windows(width, height, window, overlap)
    seen = np.zeros((height, width), dtype=bool)
    for x1, y1, x2, y2 in windows:
        seen[y1:y2, x1:x2] = True
    assert seen.all()
    sizes = {(x2 - x1, y2 - y1) for x1, y1, x2, y2 in windows.tolist()}
    assert sizes == {(min(window, width), min(window, height))}
    assert len(np.unique(windows, axis=0)) == len(windows)


def test_no_pixels_no_windows():
    assert slice_windows(0, 10, 5).shape == (0, 4)
    assert slice_windows(10, 0, 5).shape == (0, 4)


@pytest.mark.parametrize(
    ('window', 'overlap', 'fault'),
    [
        (0, 0.2, 'window must be positive, got 0'),
        (10, 1.0, r'overlap must be in \[0, 1\), got 1.0'),
        (10, -0.1, r'overlap must be in \[0, 1\), got -0.1'),
    ],
)
def test_settings_are_checked(window, overlap, fault):
    with pytest.raises(ValueError, match=fault):
        slice_windows(10, 10, window, overlap)


def slow_cut(bboxes, inds, windows, image_wh, margin):
    def holds(window, bbox):
        x1, y1, x2, y2 = window
        return (
            (x1 == 0 or bbox[0] >= x1 + margin)
            and (y1 == 0 or bbox[1] >= y1 + margin)
            and (x2 == image_wh[0] or bbox[2] <= x2 - margin)
            and (y2 == image_wh[1] or bbox[3] <= y2 - margin)
        )

    return [
        not holds(windows[ind], bbox)
        and any(holds(window, bbox) for window in windows)
        for bbox, ind in zip(bboxes.tolist(), inds, strict=True)
    ]


@given(
    st.integers(0, 2**32 - 1),
    st.integers(0, 40),
    st.integers(10, 60),
    overlaps,
    st.sampled_from([0.0, 1.0, 3.0]),
)
def test_cut_agrees_with_the_slow_one(seed, num, window, overlap, margin):
    rng = np.random.default_rng(seed)
    image_wh = tuple(rng.integers(5, 90, 2).tolist())
    windows = slice_windows(*image_wh, window, overlap)
    inds = rng.integers(0, len(windows), num)
    # Boxes within their windows, many of which end at a border.
    low, high = windows[inds, :2], windows[inds, 2:]
    ends = np.sort(rng.integers(low - 5, high + 5, (2, num, 2)), axis=0)
    bboxes = np.hstack(np.clip(ends, low, high)).astype(np.float32)
    cut = cut_detections(bboxes, inds, windows, image_wh, margin)
    assert cut.tolist() == slow_cut(bboxes, inds, windows, image_wh, margin)


def test_cut_of_no_detections():
    windows = slice_windows(18, 10, 10)
    empty = np.zeros((0, 4)), np.zeros(0, dtype=int)
    assert cut_detections(*empty, windows, (18, 10)).shape == (0,)
