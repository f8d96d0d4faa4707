import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhcm.functional.pasting import blending, compile_blending
from mmhcm.functional.pasting.blending import (
    inside_spans,
    mix_pixels,
    soft_layers,
)


@st.composite
def patches(draw):
    """Draw a patch and its object, which may touch the patch's sides."""
    height, width = draw(st.integers(1, 30)), draw(st.integers(1, 30))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    patch = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    x = sorted(draw(st.floats(0, width, width=32)) for _ in range(2))
    y = sorted(draw(st.floats(0, height, width=32)) for _ in range(2))
    return patch, np.array([x[0], y[0], x[1], y[1]], dtype=np.float32)


def true_opacity(patch, bbox, feather):
    """Compute the opacity with cube roots."""
    height, width = patch.shape[:2]
    x1, y1, x2, y2 = bbox.astype(float)
    x = np.arange(width) + 0.5
    y = np.arange(height)[:, None] + 0.5

    def fall(t):
        t = np.clip(t, 0, 1)
        return 1 - t * t * (3 - 2 * t)

    def ramp(at, low, high, end):
        return fall(
            np.maximum(
                (low - at) / max(low * feather, 0.5),
                (at - high) / max((end - high) * feather, 0.5),
            )
        )

    halves = max(x2 - x1, 1e-3) / 2, max(y2 - y1, 1e-3) / 2
    radius = np.cbrt(
        np.abs((x - (x1 + x2) / 2) / halves[0]) ** 3
        + np.abs((y - (y1 + y2) / 2) / halves[1]) ** 3
    )
    margins = (
        x1 / halves[0],
        (width - x2) / halves[0],
        y1 / halves[1],
        (height - y2) / halves[1],
    )
    reach = max(feather * sum(margins) / 4, 0.25)
    edge = ramp(x, x1, x2, width) * ramp(y, y1, y2, height)
    return edge * fall((radius - 1) / reach)


@given(scene=patches(), feather=st.floats(0, 1))
def test_layers_are_the_colours_and_the_opacity(scene, feather):
    patch, bbox = scene
    fast, slow = (
        soft_layers(patch, bbox, feather, fast=fast) for fast in (True, False)
    )
    np.testing.assert_array_equal(fast, slow)
    assert fast.dtype == np.float32
    np.testing.assert_array_equal(fast[1:-1, 1:-1, :3], patch)
    np.testing.assert_array_equal(fast[0, 1:-1, :3], patch[0])
    border = np.ones(fast.shape[:2], dtype=bool)
    border[1:-1, 1:-1] = False
    assert not fast[border, 3].any()
    if (bbox[2:] - bbox[:2]).min() > 1:
        # Below, float32 has not enough digits for the slow formula either.
        np.testing.assert_allclose(
            fast[1:-1, 1:-1, 3],
            true_opacity(patch, bbox, feather),
            atol=1e-3,
        )


def test_opacity_of_a_context_many_times_the_object():
    patch = np.zeros((60, 40, 3), dtype=np.uint8)
    bbox = np.array([18, 28, 20.5, 30.5], dtype=np.float32)
    np.testing.assert_allclose(
        soft_layers(patch, bbox, 1.0)[1:-1, 1:-1, 3],
        true_opacity(patch, bbox, 1.0),
        atol=1e-4,
    )


@given(scene=patches())
def test_spans_hold_the_centres_in_the_box(scene):
    patch, bbox = scene
    spans = inside_spans(patch.shape, bbox)
    for axis in (0, 1):
        length = patch.shape[1 - axis]
        assert spans[axis].tolist() == [0, length - 1]
        centres = np.arange(length) + 0.5
        inside = (centres > bbox[axis]) & (centres < bbox[axis + 2])
        low, high = spans[2 + axis]
        pixels = np.arange(length)
        np.testing.assert_array_equal(
            (pixels >= low) & (pixels <= high), inside
        )


@given(
    scene=patches(),
    seed=st.integers(0, 999),
    alpha=st.floats(0, 1, width=32),
    color_match=st.sampled_from([0.0, 0.3, 0.5, 1.0]),
)
@settings(max_examples=200)
def test_loop_and_arrays_mix_alike(scene, seed, alpha, color_match):
    patch, bbox = scene
    rng = np.random.default_rng(seed)
    height, width = rng.integers(1, 25, 2)
    around = rng.integers(0, 256, (height + 3, width + 3, 3), dtype=np.uint8)
    around = around[1 : 1 + height, 2 : 2 + width]
    pixels = rng.uniform(0, 255, (height, width, 4)).astype(np.float32)
    pixels[..., 3] = rng.uniform(-0.5, 1.5, (height, width)).clip(0, 1)
    to_patch = rng.uniform(-1, 1, (2, 3)) + np.eye(2, 3)
    results = []
    for fast in (True, False):
        out = rng.permutation(around) if not results else results[0][0].copy()
        results.append((out.copy(), out))
        mix_pixels(
            out,
            around,
            pixels,
            to_patch,
            inside_spans(patch.shape, bbox),
            alpha,
            color_match,
            fast=fast,
        )
    np.testing.assert_array_equal(results[0][1], results[1][1])
    clear = pixels[..., 3] == 0
    np.testing.assert_array_equal(results[0][1][clear], results[0][0][clear])


def test_arrays_are_used_without_numba(monkeypatch):
    assert compile_blending()
    monkeypatch.setattr(blending, 'compiled', lambda *_: None)
    assert not compile_blending()
    patch = np.full((4, 5, 3), 9, dtype=np.uint8)
    assert soft_layers(patch, np.array([1, 1, 4, 3.0]), 0.5).shape == (6, 7, 4)


@given(
    scene=patches(),
    seed=st.integers(0, 99),
    color_match=st.sampled_from([0.0, 0.3]),
)
@settings(max_examples=25)
def test_uncompiled_loops_give_equal_results(scene, seed, color_match):
    patch, bbox = scene
    rng = np.random.default_rng(seed)
    canvas = rng.integers(0, 256, (9, 7, 3), dtype=np.uint8)
    pixels = rng.uniform(0, 255, (9, 7, 4)).astype(np.float32)
    pixels[..., 3] = rng.uniform(-0.5, 1.5, (9, 7)).clip(0, 1)
    to_patch = rng.uniform(-1, 1, (2, 3)) + np.eye(2, 3)
    spans = inside_spans(patch.shape, bbox)

    def draw(fast):
        out = canvas[::-1].copy()
        mix_pixels(
            out, canvas, pixels, to_patch, spans, 0.8, color_match, fast=fast
        )
        return out, soft_layers(patch, bbox, 0.5, fast=fast)

    arrays = draw(False)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(
            blending, 'compiled', lambda function, *_: function
        )
        for expected, found in zip(arrays, draw(True), strict=True):
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize('value', [0.5, 1.5, 2.5, 254.5, 0.49999997])
def test_rounding_equals_rint(value):
    out = np.zeros((1, 1, 3), dtype=np.uint8)
    pixels = np.array([[[value] * 3 + [1]]], dtype=np.float32)
    spans = inside_spans((1, 1), np.array([0, 0, 1, 1.0]))
    mix_pixels(out, out.copy(), pixels, np.eye(2, 3), spans, 1.0, 0.0)
    assert (out == np.rint(np.float32(value))).all()
