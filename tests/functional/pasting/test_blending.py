import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhcm.functional.pasting import blending
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
    layers = soft_layers(patch, bbox, feather)
    assert layers.dtype == np.float32
    np.testing.assert_array_equal(layers[1:-1, 1:-1, :3], patch)
    np.testing.assert_array_equal(layers[0, 1:-1, :3], patch[0])
    border = np.ones(layers.shape[:2], dtype=bool)
    border[1:-1, 1:-1] = False
    assert not layers[border, 3].any()
    if (bbox[2:] - bbox[:2]).min() > 1:
        # Below, float32 has not enough digits for the slow formula either.
        np.testing.assert_allclose(
            layers[1:-1, 1:-1, 3],
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


def slow_context(shape, to_patch, spans):
    """Weight of the context: the warped patch without the warped object."""
    rows, columns = np.indices(shape)
    x, y = (a * columns + (b * rows + c) for a, b, c in to_patch)
    whole_x, whole_y, box_x, box_y = (
        np.minimum(at - (low - 1), high + 1 - at).clip(0, 1)
        for at, (low, high) in zip((x, y, x, y), spans, strict=True)
    )
    return (whole_x * whole_y - box_x * box_y).astype(np.float32)


def slow_mix(out, around, pixels, to_patch, spans, alpha, color_match):
    opacity, below = pixels[..., 3:], out.astype(np.float32)
    patch = np.rint(pixels[..., :3])
    weight = slow_context(out.shape[:2], to_patch, spans)
    weight = weight.astype(float).clip(0, None)[..., None]
    if color_match > 0 and weight.sum() > 0:
        gap = around.astype(float) - patch
        shift = (gap * weight).sum(axis=(0, 1)) / weight.sum()
        share = 1 - (1 - np.float32(color_match)) * opacity
        patch = (patch + shift.astype(np.float32) * share).clip(0, 255)
    return np.rint(below + np.float32(alpha) * opacity * (patch - below))


@st.composite
def mixes(draw):
    """Draw the arguments of ``mix_pixels``."""
    patch, bbox = draw(patches())
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    height, width = rng.integers(1, 25, 2)
    around = rng.integers(0, 256, (height + 3, width + 3, 3), dtype=np.uint8)
    around = around[1 : 1 + height, 2 : 2 + width]
    pixels = rng.uniform(0, 255, (height, width, 4)).astype(np.float32)
    pixels[..., 3] = rng.uniform(-0.5, 1.5, (height, width)).clip(0, 1)
    return (
        rng.permutation(around),
        around,
        pixels,
        rng.uniform(-1, 1, (2, 3)) + np.eye(2, 3),
        inside_spans(patch.shape, bbox),
        draw(st.floats(0, 1, width=32)),
        draw(st.sampled_from([0.0, 0.3, 0.5, 1.0])),
    )


@given(arguments=mixes())
@settings(max_examples=200)
def test_mix_equals_the_slow_one(arguments):
    out, around, pixels, *rest = arguments
    mixed = out.copy()
    mix_pixels(mixed, around, pixels, *rest)
    np.testing.assert_array_equal(mixed, slow_mix(*arguments))
    clear = pixels[..., 3] == 0
    np.testing.assert_array_equal(mixed[clear], out[clear])


@given(arguments=mixes(), scene=patches(), feather=st.floats(0, 1))
@settings(max_examples=25)
def test_uncompiled_loops_give_equal_results(arguments, scene, feather):
    def draw():
        out = arguments[0].copy()
        mix_pixels(out, *arguments[1:])
        return out, soft_layers(*scene, feather)

    compiled = draw()
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(
            blending, 'compiled', lambda function, *_: function
        )
        for expected, found in zip(compiled, draw(), strict=True):
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize('value', [0.5, 1.5, 2.5, 254.5, 0.49999997])
def test_rounding_equals_rint(value):
    out = np.zeros((1, 1, 3), dtype=np.uint8)
    pixels = np.array([[[value] * 3 + [1]]], dtype=np.float32)
    spans = inside_spans((1, 1), np.array([0, 0, 1, 1.0]))
    mix_pixels(out, out.copy(), pixels, np.eye(2, 3), spans, 1.0, 0.0)
    assert (out == np.rint(np.float32(value))).all()
