import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhcm.functional.pasting import (
    Paste,
    apply_pastes,
    paste_areas,
    paste_boxes,
)

PATCH_BBOX = np.array([4, 4, 20, 12], np.float32)


# Pixels of a 16 x 8 box whose centres are inside its superellipse.
CORE = (
    np.abs((np.arange(16) - 7.5) / 8) ** 3
    + np.abs((np.arange(8)[:, None] - 3.5) / 4) ** 3
) <= 1


def paste_and_match(canvas, patch, bbox, paste, **kwargs):
    return apply_pastes(canvas, [patch], [bbox], [paste], **kwargs)


def paste_patch(*args, **kwargs):
    return paste_and_match(*args, color_match=0, **kwargs)


def make_patch(seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (16, 24, 3), dtype=np.uint8)


def make_canvas(height=60, width=80):
    rng = np.random.default_rng(9)
    return rng.integers(0, 256, (height, width, 3), dtype=np.uint8)


def make_paste(x1=30, y1=20, scale=1.0, angle=0.0, flip=False, alpha=1.0):
    bbox = (x1, y1, x1 + 16 * scale, y1 + 8 * scale)
    return Paste(0, bbox, scale, angle, flip, alpha, 3)


def test_no_pastes_is_a_copy():
    canvas = make_canvas()
    out = apply_pastes(canvas, [], np.zeros((0, 4)), [])
    np.testing.assert_array_equal(out, canvas)
    assert not np.shares_memory(out, canvas)


@pytest.mark.parametrize('flip', [False, True])
def test_native_opaque_paste_copies_the_object(flip):
    canvas, patch = make_canvas(), make_patch()
    before = canvas.copy()
    out = paste_patch(canvas, patch, PATCH_BBOX, make_paste(flip=flip))
    source = patch[:, ::-1] if flip else patch
    np.testing.assert_array_equal(
        out[20:28, 30:46][CORE], source[4:12, 4:20][CORE]
    )
    np.testing.assert_array_equal(canvas, before)
    # Nothing is drawn beyond the context of 4 pixels.
    out[16:32, 26:50] = canvas[16:32, 26:50]
    np.testing.assert_array_equal(out, canvas)


def test_scaling_keeps_the_object_in_its_box():
    patch = np.full((16, 24, 3), 100, np.uint8)
    patch[4:12, 4:20] = 200
    canvas = np.full((60, 80, 3), 100, np.uint8)
    out = paste_patch(canvas, patch, PATCH_BBOX, make_paste(scale=2.0))
    inside = np.zeros((60, 80), bool)
    inside[20:36, 30:62] = True
    bright = out[..., 0] > 150
    # Half a source pixel of interpolation at the rim, and round corners.
    assert bright[21:35, 36:56].all()
    assert bright[24:32, 31:61].all()
    assert not bright[~inside].any()


def test_patch_without_context_has_no_halo():
    patch = make_patch()
    bbox = np.array([0, 0, 24, 16], np.float32)
    paste = Paste(0, (30, 20, 54, 36), 1.0, 0.0, False, 1.0, 3)
    canvas = make_canvas()
    # There are no colours to match either.
    out = paste_and_match(canvas, patch, bbox, paste, color_match=1.0)
    np.testing.assert_array_equal(out[24:32, 36:48], patch[4:12, 6:18])
    out[20:36, 30:54] = canvas[20:36, 30:54]
    np.testing.assert_array_equal(out, canvas)


@pytest.mark.parametrize('flip', [False, True])
@pytest.mark.parametrize('angle', [0.0, 10.0, -90.0, 200.0])
def test_boxes_in_a_patch_follow_it(angle, flip):
    patch = np.zeros((16, 24, 3), np.uint8)
    patch[5:8, 6:11] = 255
    paste = make_paste(scale=2.0, angle=angle, flip=flip)
    boxes = paste_boxes(np.array([[6, 5, 11, 8]]), PATCH_BBOX, paste)
    canvas = np.zeros((60, 80, 3), np.uint8)
    out = paste_patch(canvas, patch, PATCH_BBOX, paste)
    ys, xs = np.nonzero(out[..., 0] > 100)
    drawn = [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]
    np.testing.assert_allclose(boxes, [drawn], atol=1.5)
    assert paste_boxes(np.zeros((0, 4)), PATCH_BBOX, paste).shape == (0, 4)
    if angle == 0:
        np.testing.assert_allclose(
            paste_boxes(PATCH_BBOX, PATCH_BBOX, paste), [paste.bbox]
        )


@pytest.mark.parametrize(
    ('color_match', 'expected'), [(0.0, 100), (0.5, 120), (1.0, 140)]
)
def test_colours_follow_the_surroundings(color_match, expected):
    """Context 60, canvas 100: the object of 100 is shifted by up to 40."""
    patch = np.full((28, 48, 3), 60, np.uint8)
    patch[10:18, 10:38] = 100
    canvas = np.full((60, 80, 3), 100, np.uint8)
    bbox = np.array([10, 10, 38, 18], np.float32)
    paste = Paste(0, (30, 20, 58, 28), 1.0, 0.0, False, 1.0, 3)
    out = paste_and_match(canvas, patch, bbox, paste, color_match=color_match)
    assert (out[22:26, 36:52] == expected).all()
    if color_match == 1:
        around = np.ones((60, 80), bool)
        around[20:28, 30:58] = False
        assert (out[around] == 100).all()  # no seam


@settings(max_examples=60, deadline=None)
@given(
    st.floats(-40, 100),
    st.floats(-40, 80),
    st.floats(0.5, 2),
    st.floats(-180, 180),
)
def test_pastes_over_the_border_are_cut(x1, y1, scale, angle):
    """Pasting over the border equals cropping a larger canvas."""
    canvas, patch = make_canvas(), make_patch()
    big = np.pad(canvas, ((90, 90), (90, 90), (0, 0)))
    paste = make_paste(x1, y1, scale, angle)
    moved = make_paste(x1 + 90, y1 + 90, scale, angle)
    out = paste_patch(canvas, patch, PATCH_BBOX, paste)
    whole = paste_patch(big, patch, PATCH_BBOX, moved)
    # Coordinates are rounded differently so far from the origin.
    gap = out.astype(int) - whole[90:150, 90:170]
    assert np.abs(gap).max() <= 40
    assert np.abs(gap).mean() < 0.5


@pytest.mark.parametrize('color_match', [0, 1])
def test_hard_edges_copy_the_rectangle(color_match):
    canvas, patch = make_canvas(), make_patch()
    paste = dataclasses.replace(make_paste(), hard_edges=True)
    out = paste_and_match(
        canvas, patch, PATCH_BBOX, paste, color_match=color_match
    )
    expected = canvas.copy()
    expected[20:28, 30:46] = patch[4:12, 4:20]
    np.testing.assert_array_equal(out, expected)


@given(seed=st.integers(0, 999), num=st.integers(0, 6))
@settings(max_examples=30)
def test_painting_in_place_and_on_a_crop(seed, num):
    rng = np.random.default_rng(seed)
    canvas = make_canvas()
    pastes = [
        Paste(
            ind,
            (x, y, x + 16 * scale, y + 8 * scale),
            scale,
            float(rng.uniform(-180, 180)),
            bool(rng.integers(2)),
            float(rng.uniform(0.3, 1)),
            0,
            bool(rng.integers(4) == 0),
        )
        for ind in range(num)
        for scale in rng.uniform(0.3, 2, 1).tolist()
        for x, y in rng.uniform((-10, -10), (75, 55), (1, 2)).tolist()
    ]
    patches = [make_patch(ind) for ind in range(num)]
    bboxes = [PATCH_BBOX] * num
    whole = apply_pastes(canvas, patches, bboxes, pastes)
    own = canvas.copy()
    out = apply_pastes(own, patches, bboxes, pastes, in_place=True)
    assert out is own
    np.testing.assert_array_equal(out, whole)
    window = (20, 15, 50, 40)
    areas = [
        area
        for area in paste_areas([p.shape for p in patches], bboxes, pastes)
        if area[0] < 50 and area[2] > 20 and area[1] < 40 and area[3] > 15
    ]
    x1, y1 = (
        max(min([window[i], *(area[i] for area in areas)]), 0) for i in (0, 1)
    )
    x2 = min(max([50, *(area[2] for area in areas)]), 80)
    y2 = min(max([40, *(area[3] for area in areas)]), 60)
    part = apply_pastes(
        canvas[y1:y2, x1:x2],
        patches,
        bboxes,
        pastes,
        window=window,
        origin=(x1, y1),
    )
    np.testing.assert_array_equal(
        part[15 - y1 : 40 - y1, 20 - x1 : 50 - x1], whole[15:40, 20:50]
    )


@given(seed=st.integers(0, 999))
@settings(max_examples=60)
def test_soft_edges_stop_at_ignored_regions(seed):
    rng = np.random.default_rng(seed)
    canvas = make_canvas()
    pastes = [
        make_paste(*rng.uniform((0, 0), (64, 52)), angle=rng.uniform(-30, 30))
        for _ in range(3)
    ]
    patches = [make_patch(ind) for ind in range(3)]
    bboxes = [PATCH_BBOX] * 3
    corners = rng.uniform((0, 0), (75, 55), (4, 2))
    regions = np.hstack([corners, corners + rng.uniform(0, 12, (4, 2))])
    args = canvas, patches, bboxes, pastes
    free = apply_pastes(*args, color_match=0)
    out = apply_pastes(*args, color_match=0, ignored_regions=regions)
    outside = np.ones(canvas.shape[:2], dtype=bool)
    for x1, y1, x2, y2 in regions:
        pixels = (
            slice(int(y1), int(np.ceil(y2))),
            slice(int(x1), int(np.ceil(x2))),
        )
        outside[pixels] = False
        if not any(
            max(x1, paste.bbox[0]) < min(x2, paste.bbox[2])
            and max(y1, paste.bbox[1]) < min(y2, paste.bbox[3])
            for paste in pastes
        ):
            np.testing.assert_array_equal(out[pixels], canvas[pixels])
    np.testing.assert_array_equal(out[outside], free[outside])


def test_an_object_in_a_region_is_drawn_whole():
    canvas, patch, paste = make_canvas(), make_patch(), make_paste()
    args = canvas, [patch], [PATCH_BBOX], [paste]
    free = apply_pastes(*args, color_match=0)
    # One around the object, one without area, one next to the object.
    regions = [(28, 18, 40, 24), (47, 0, 47, 60), (46, 15, 60, 40)]
    out = apply_pastes(*args, color_match=0, ignored_regions=regions)
    expected = free.copy()
    expected[15:40, 46:60] = canvas[15:40, 46:60]
    assert (free[15:40, 46:60] != canvas[15:40, 46:60]).any()
    np.testing.assert_array_equal(out, expected)


def test_colours_do_not_follow_an_ignored_region():
    """The object keeps the colours that it has on its own ground alone."""
    patch = np.full((16, 24, 3), 200, np.uint8)
    patch[4:12, 4:20] = 60
    canvas = np.full((60, 80, 3), 200, np.uint8)
    masked = canvas.copy()
    masked[:, 47:] = (104, 116, 124)
    args = [patch], [PATCH_BBOX], [make_paste()]
    regions = [(47, 0, 80, 60)]
    expected = apply_pastes(canvas, *args)[:, :47]
    out = apply_pastes(masked, *args, ignored_regions=regions)
    np.testing.assert_array_equal(out[:, :47], expected)
    np.testing.assert_array_equal(out[:, 47:], masked[:, 47:])
    tinted = apply_pastes(masked, *args)[:, :47]
    assert (tinted != expected).any()
