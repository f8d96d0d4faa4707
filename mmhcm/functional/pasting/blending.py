"""Soft edges of patches, and blending of patches into a canvas."""

import math
from collections.abc import Sequence

import cv2
import numpy as np

from mmhcm.functional.compiled import compiled

#: Newton steps that give six exact digits of the opacity up to _MAX_REACH.
_NEWTON_STEPS, _MAX_REACH = 4, 3.0
_ONE, _THREE, _HALF = np.float32(1), np.float32(3), np.float32(0.5)
_PROFILE_TYPES = 'f4[::1], f4[::1], f4[::1], f4[::1]'
_LAYER_TYPES = f'void(f4[:,:,::1], u1[:,:,::1], {_PROFILE_TYPES}, f4, i8)'
_MIX_TYPES = 'void(u1[:,:,:], u1[:,:,:], f4[:,:,:], f4[:,::1], f4, f4)'
_CONTEXT_TYPES = 'void(f4[:,::1], f8[:,::1], f8[:,::1])'


def compile_blending() -> None:
    """Compile the loops ahead of time, e.g. before workers are forked.

    Examples:
        >>> compile_blending()
    """
    compiled(_fill_layers, _LAYER_TYPES, True)
    compiled(_fill_context, _CONTEXT_TYPES, True)
    compiled(_mix_pixels, _MIX_TYPES)


def soft_layers(
    patch: np.ndarray,
    patch_bbox: np.ndarray,
    feather: float,
    layers: np.ndarray | None = None,
) -> np.ndarray:
    """Stack the colours of a patch and the opacity of its object.

    The opacity is 1 in the rounded box of the object and falls off around the
    box. Colours and opacity share one array, because OpenCV warps four
    channels in half the time of three.

    Args:
        patch: uint8 (ph, pw, 3).
        patch_bbox: (4,) xyxy of the object in pixels of the patch.
        feather: See `painting.apply_pastes`.
        layers: Contiguous array to write the result to. Defaults to None: a
            new array.

    Returns:
        float32 (ph + 2, pw + 2, 4) with a border of one pixel, in which the
        colours are repeated and the opacity is 0.
    """
    height, width = patch.shape[:2]
    x1, y1, x2, y2 = patch_bbox.tolist()
    x_half, y_half = max(x2 - x1, 1e-3) / 2, max(y2 - y1, 1e-3) / 2
    margins = (
        *(x1 / x_half, (width - x2) / x_half),
        *(y1 / y_half, (height - y2) / y_half),
    )
    reach = max(feather * sum(margins) / 4, 0.25)
    steps = _NEWTON_STEPS
    if reach > _MAX_REACH:
        # The chord is far off: at first, each step gains a factor of 2/3.
        steps += math.ceil(2 * math.log2(reach / 2))
    x_edge, x_cube = _profile(width, x1, x2, feather)
    y_edge, y_cube = _profile(height, y1, y2, feather)
    if layers is None:
        layers = np.empty((height + 2, width + 2, 4), dtype=np.float32)
    compiled(_fill_layers, _LAYER_TYPES, True)(
        layers,
        cv2.copyMakeBorder(patch, 1, 1, 1, 1, cv2.BORDER_REPLICATE),
        x_edge,
        y_edge,
        x_cube,
        y_cube,
        np.float32(reach),
        steps,
    )
    return layers


def hard_layers(patch: np.ndarray) -> np.ndarray:
    """Stack the colours of a patch as `soft_layers` does, with opacity 0."""
    height, width = patch.shape[:2]
    layers = np.zeros((height + 2, width + 2, 4), dtype=np.float32)
    layers[..., :3] = cv2.copyMakeBorder(
        patch, 1, 1, 1, 1, cv2.BORDER_REPLICATE
    )
    return layers


def inside_mask(
    patch_shape: tuple[int, ...], patch_bbox: np.ndarray
) -> np.ndarray:
    """Mark pixels whose centre is in the box with 1: float32 (ph, pw)."""
    x = np.arange(patch_shape[1]) + 0.5
    y = np.arange(patch_shape[0])[:, None] + 0.5
    x1, y1, x2, y2 = patch_bbox.tolist()
    inside = (x > x1) & (x < x2) & (y > y1) & (y < y2)
    return inside.astype(np.float32)


def inside_spans(
    patch_shape: tuple[int, ...], patch_bbox: np.ndarray
) -> np.ndarray:
    """Find the first and last pixel of patch and object along x and y.

    Returns:
        float64 (4, 2): patch along x and y, object along x and y. An object
        that contains no pixel centre has an empty span.
    """
    height, width = patch_shape[:2]
    x1, y1, x2, y2 = patch_bbox.tolist()
    spans = np.array(
        [
            (0, width - 1),
            (0, height - 1),
            # Centres strictly inside: 3.5 is outside of a box from 3.5.
            (np.floor(x1 - 0.5) + 1, np.ceil(x2 - 0.5) - 1),
            (np.floor(y1 - 0.5) + 1, np.ceil(y2 - 0.5) - 1),
        ],
        dtype=np.float64,
    )
    spans[spans[:, 0] > spans[:, 1]] = (1e9, -1e9)
    return spans


def mix_pixels(
    out: np.ndarray,
    around: np.ndarray,
    pixels: np.ndarray,
    to_patch: np.ndarray,
    spans: np.ndarray,
    alpha: float,
    color_match: float,
    *,
    hidden: Sequence[tuple[slice, slice]] = (),
) -> None:
    """Blend a patch into ``out``, in place.

    Args:
        out: uint8 (h, w, 3), the position in the canvas.
        around: uint8 (h, w, 3), the same position before any pasting.
        pixels: float32 (h, w, 4), the warped patch and its opacity, which is
            set to 0 in the ``hidden`` parts.
        to_patch: float64 (2, 3), affine matrix from pixels of ``out`` to
            pixels of the patch.
        spans: See `inside_spans`. The context is the patch without the object,
            interpolated like the pixels.
        alpha: Opacity of the object.
        color_match: See `painting.apply_pastes`.
        hidden: Rows and columns of parts of ``out`` that are not changed, and
            whose colours do not count as surroundings.
    """
    context = np.zeros(out.shape[:2], dtype=np.float32)
    if color_match > 0:
        compiled(_fill_context, _CONTEXT_TYPES, True)(
            context, np.ascontiguousarray(to_patch, dtype=np.float64), spans
        )
    for part in hidden:
        context[part] = 0
        pixels[part][..., 3] = 0
    compiled(_mix_pixels, _MIX_TYPES)(
        out,
        around,
        pixels,
        context,
        np.float32(alpha),
        np.float32(color_match),
    )


def _profile(
    length: int, low: float, high: float, feather: float
) -> tuple[np.ndarray, np.ndarray]:
    """Compute profiles along one side, with a border of one pixel.

    Returns:
        float32 (length + 2,), the ramp of the opacity at the ends, and
        float32 (length + 2,), the cubed distance from the middle in half
        boxes.
    """
    centres = np.arange(-1, length + 1, dtype=np.float32) + _HALF
    # Without context, the ramp still needs a length; the border cuts the ramp.
    ramp = np.maximum(
        (low - centres) / max(low * feather, 0.5),
        (centres - high) / max((length - high) * feather, 0.5),
    ).clip(0, 1)
    away = np.abs((centres - (low + high) / 2) / (max(high - low, 1e-3) / 2))
    edge = _ONE - ramp * ramp * (_THREE - 2 * ramp)
    edge[0] = edge[-1] = 0
    return edge, away * away * away


def _fill_layers(
    layers: np.ndarray,
    patch: np.ndarray,
    x_edge: np.ndarray,
    y_edge: np.ndarray,
    x_cube: np.ndarray,
    y_cube: np.ndarray,
    reach: np.float32,
    steps: int,
) -> None:
    # A superellipse of exponent 3: few objects reach the corners of their
    # box, and the source background there would reveal the paste.
    one, two, three = np.float32(1), np.float32(2), np.float32(3)
    zero, third = np.float32(0), np.float32(1 / 3)
    end = (one + reach) * (one + reach) * (one + reach)
    chord = reach / (end - one)
    width = len(x_edge)
    cubes = np.empty(width, dtype=np.float32)
    roots = np.empty(width, dtype=np.float32)
    for row in range(len(y_edge)):
        # Short loops without branches, so that each is vectorised.
        for column in range(width):
            cube = min(max(x_cube[column] + y_cube[row], one), end)
            cubes[column] = cube
            roots[column] = one + (cube - one) * chord
        # Newton's method from the chord: the cube roots of libraries differ
        # in the last digit.
        for _ in range(steps):
            for column in range(width):
                root = roots[column]
                step = (root - cubes[column] / (root * root)) * third
                roots[column] = root - step
        for column in range(width):
            fall = min(max((roots[column] - one) / reach, zero), one)
            fall = one - fall * fall * (three - two * fall)
            roots[column] = x_edge[column] * y_edge[row] * fall
        for column in range(width):
            for channel in range(3):
                layers[row, column, channel] = patch[row, column, channel]
            layers[row, column, 3] = roots[column]


def _fill_context(
    context: np.ndarray, to_patch: np.ndarray, spans: np.ndarray
) -> None:
    height, width = context.shape
    for row in range(height):
        x_row = to_patch[0, 1] * row + to_patch[0, 2]
        y_row = to_patch[1, 1] * row + to_patch[1, 2]
        for column in range(width):
            x = to_patch[0, 0] * column + x_row
            y = to_patch[1, 0] * column + y_row
            whole_x = min(x - (spans[0, 0] - 1), spans[0, 1] + 1 - x)
            whole_y = min(y - (spans[1, 0] - 1), spans[1, 1] + 1 - y)
            box_x = min(x - (spans[2, 0] - 1), spans[2, 1] + 1 - x)
            box_y = min(y - (spans[3, 0] - 1), spans[3, 1] + 1 - y)
            whole_x = min(max(whole_x, 0.0), 1.0)
            whole_y = min(max(whole_y, 0.0), 1.0)
            box_x = min(max(box_x, 0.0), 1.0)
            box_y = min(max(box_y, 0.0), 1.0)
            context[row, column] = whole_x * whole_y - box_x * box_y


def _mix_pixels(
    out: np.ndarray,
    around: np.ndarray,
    pixels: np.ndarray,
    context: np.ndarray,
    alpha: np.float32,
    color_match: np.float32,
) -> None:
    height, width = out.shape[:2]
    one, low, high = np.float32(1), np.float32(0), np.float32(255)
    # Adding and subtracting ``magic`` rounds like ``rint``, without a call.
    magic = np.float32(3 << 22)
    total, blue, green, red = 0.0, 0.0, 0.0, 0.0
    for row in range(height):
        for column in range(width):
            weight = np.float64(context[row, column])
            if weight > 0:
                total += weight
                blue += weight * (
                    np.float32(around[row, column, 0])
                    - ((pixels[row, column, 0] + magic) - magic)
                )
                green += weight * (
                    np.float32(around[row, column, 1])
                    - ((pixels[row, column, 1] + magic) - magic)
                )
                red += weight * (
                    np.float32(around[row, column, 2])
                    - ((pixels[row, column, 2] + magic) - magic)
                )
    if total > 0:
        blue, green, red = blue / total, green / total, red / total
    shift = (np.float32(blue), np.float32(green), np.float32(red))
    for row in range(height):
        for column in range(width):
            opacity = pixels[row, column, 3]
            if opacity > 0:
                weight_here = one - (one - color_match) * opacity
                share = alpha * opacity
                for channel in range(3):
                    value = (pixels[row, column, channel] + magic) - magic
                    value += shift[channel] * weight_here
                    value = min(max(value, low), high)
                    below = np.float32(out[row, column, channel])
                    value = below + share * (value - below)
                    out[row, column, channel] = np.uint8(
                        (value + magic) - magic
                    )
