"""Rendering of pasted objects: warp, blend with soft edges (section 3.3).

What goes where is decided in `mmhcm.functional.placement`, whose names can be
had from here too; a `Paste` is one such decision and all that rendering needs
beside the pixels.
"""

import math
from collections.abc import Sequence

import cv2
import numpy as np

from .boxes import as_bboxes
from .paste_types import NAIVE, Paste, PasteOptions, PastePlan
from .placement import plan_pastes
from .pool_index import PoolIndex, index_pool

__all__ = [
    'NAIVE',
    'Paste',
    'PasteOptions',
    'PastePlan',
    'PoolIndex',
    'apply_pastes',
    'index_pool',
    'paste_patch',
    'plan_pastes',
]


def paste_patch(
    image: np.ndarray,
    patch: np.ndarray,
    patch_bbox: Sequence[float],
    paste: Paste,
    *,
    feather: float = 0.8,
    color_match: float = 0.5,
) -> np.ndarray:
    """Return a copy of ``image`` with one patch blended in.

    Args:
        image: uint8 (h, w, 3) canvas.
        patch: uint8 (ph, pw, 3), the object with its context.
        patch_bbox: xyxy of the object in pixels of ``patch``.
        paste: where and how.
        feather: share of the context over which the opacity falls smoothly
            from that of the object to 0; the context beyond is not drawn.
        color_match: how far the object's colours are shifted by the
            difference between its context and what is around its place, from
            0 to 1. The context itself is shifted in full, which hides the
            seam; with 0, neither is.
    """
    return apply_pastes(
        image,
        [patch],
        np.asarray([patch_bbox]),
        [paste],
        feather=feather,
        color_match=color_match,
    )


def apply_pastes(
    image: np.ndarray,
    patches: Sequence[np.ndarray],
    patch_bboxes: np.ndarray | Sequence[np.ndarray],
    pastes: Sequence[Paste],
    *,
    feather: float = 0.8,
    color_match: float = 0.5,
    window: Sequence[float] | None = None,
) -> np.ndarray:
    """Return a copy of ``image`` with the patches blended in, in order.

    Args:
        image: uint8 (h, w, 3) canvas.
        patches: n arrays, uint8 (ph, pw, 3). Only those that are drawn are
            looked at.
        patch_bboxes: (n, 4) xyxy of each object in pixels of its patch.
        pastes: n places; what reaches out of the canvas is cut off.
        feather: see `paste_patch`.
        color_match: see `paste_patch`.
        window: xyxy in canvas pixels. Pastes that do not touch it are left
            out; pixels inside it are the same as without it.
    """
    out = image.copy()
    height, width = image.shape[:2]
    x1, y1, x2, y2 = (0, 0, width, height) if window is None else window
    for patch, patch_bbox, paste in zip(
        patches, as_bboxes(patch_bboxes), pastes, strict=True
    ):
        area = _target_area(patch.shape[:2], patch_bbox, paste)
        left, top, right, bottom = area
        if min(right, x2) > max(left, x1) and min(bottom, y2) > max(top, y1):
            _blend(
                out,
                image,
                patch,
                patch_bbox,
                paste,
                area,
                (feather, color_match),
            )
    return out


def _blend(
    out: np.ndarray,
    image: np.ndarray,
    patch: np.ndarray,
    patch_bbox: np.ndarray,
    paste: Paste,
    area: tuple[int, int, int, int],
    look: tuple[float, float],
) -> None:
    left, top, right, bottom = area
    feather, color_match = look
    height, width = out.shape[:2]
    x1, y1 = max(left, 0), max(top, 0)
    x2, y2 = min(right, width), min(bottom, height)
    if x1 >= x2 or y1 >= y2:
        return
    # The area is warped as a whole and cut afterwards: OpenCV rounds its
    # fixed-point coordinates differently when the origin moves.
    cut = (slice(y1 - top, y2 - top), slice(x1 - left, x2 - left))
    if paste.hard_edges:
        color_match = 0
    matrix = _patch_to_canvas(patch_bbox, paste)
    matrix[:, 2] -= (left, top)
    # OpenCV counts from the centre of the first pixel, boxes from its corner.
    matrix[:, 2] += matrix[:, :2].sum(axis=1) / 2 - 0.5
    area_wh = (right - left, bottom - top)
    pixels = cv2.warpAffine(
        patch,
        matrix,
        area_wh,
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )[cut].astype(np.float32)
    opacity, context = (
        cv2.warpAffine(
            mask,
            matrix,
            area_wh,
            flags=cv2.INTER_NEAREST if paste.hard_edges else cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=0,
        )[cut][..., None]
        for mask in _masks(
            patch.shape[:2], patch_bbox, feather, paste.hard_edges
        )
    )
    below = out[y1:y2, x1:x2].astype(np.float32)
    if color_match > 0 and context.sum() > 0:
        # Of the untouched canvas, so that it is the same for every window.
        around = image[y1:y2, x1:x2].astype(np.float32)
        shift = ((around - pixels) * context).sum(axis=(0, 1)) / context.sum()
        pixels += shift * (1 - (1 - color_match) * opacity)
        np.clip(pixels, 0, 255, out=pixels)
    blended = below + np.float32(paste.alpha) * opacity * (pixels - below)
    out[y1:y2, x1:x2] = np.clip(np.rint(blended), 0, 255).astype(np.uint8)


def _patch_to_canvas(patch_bbox: np.ndarray, paste: Paste) -> np.ndarray:
    """Affine matrix (2, 3) between continuous coordinates."""
    cos = math.cos(math.radians(paste.angle)) * paste.scale
    sin = math.sin(math.radians(paste.angle)) * paste.scale
    flip = -1.0 if paste.flip else 1.0
    linear = np.array([[cos * flip, sin], [-sin * flip, cos]])
    source = (patch_bbox[:2] + patch_bbox[2:]).astype(np.float64) / 2
    x1, y1, x2, y2 = paste.bbox
    target = np.array([(x1 + x2) / 2, (y1 + y2) / 2])
    return np.column_stack([linear, target - linear @ source])


def _target_area(
    patch_shape: tuple[int, ...], patch_bbox: np.ndarray, paste: Paste
) -> tuple[int, int, int, int]:
    """Whole canvas pixels that the patch and its context can touch."""
    height, width = patch_shape
    corners = np.array([[0, width, 0, width], [0, 0, height, height]])
    matrix = _patch_to_canvas(patch_bbox, paste)
    points = matrix[:, :2] @ corners + matrix[:, 2:]  # (2, 4)
    # Half a pixel more: interpolation reaches to the next pixel's centre.
    left, top = np.floor(points.min(axis=1) - 0.5).astype(int)
    right, bottom = np.ceil(points.max(axis=1) + 0.5).astype(int)
    return int(left), int(top), int(right), int(bottom)


def _masks(
    patch_shape: tuple[int, ...],
    patch_bbox: np.ndarray,
    feather: float,
    hard_edges: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """Opacity of the object and weight of its context, float32 (ph, pw).

    The opacity is 1 inside the rounded box of the object, and falls to 0 over
    the context; with hard edges it is that of the box itself.
    """
    height, width = patch_shape
    x1, y1, x2, y2 = patch_bbox.tolist()
    x = np.arange(width, dtype=np.float32) + 0.5
    y = np.arange(height, dtype=np.float32)[:, None] + 0.5
    inside = (x > x1) & (x < x2) & (y > y1) & (y < y2)
    context = (~inside).astype(np.float32)
    if hard_edges:
        return 1 - context, context
    # The ends of the ramp, cut at the border of the patch.
    edge = _fall(_beyond(x, x1, x2, width, feather)) * _fall(
        _beyond(y, y1, y2, height, feather)
    )
    x_half, y_half = max(x2 - x1, 1e-3) / 2, max(y2 - y1, 1e-3) / 2
    # A superellipse of exponent 3: few objects reach the corners of their
    # box, and what shows there of the old background gives a paste away.
    radius = np.cbrt(
        np.abs((x - (x1 + x2) / 2) / x_half) ** 3
        + np.abs((y - (y1 + y2) / 2) / y_half) ** 3
    )
    margins = (
        *(x1 / x_half, (width - x2) / x_half),
        *(y1 / y_half, (height - y2) / y_half),
    )
    reach = max(feather * sum(margins) / 4, 0.25)
    return edge * _fall((radius - 1) / reach), context


def _beyond(
    centres: np.ndarray, low: float, high: float, end: float, feather: float
) -> np.ndarray:
    """Distance from [low, high] as a share of the ramp on that side.

    Without context the ramp still needs a length; the border cuts it.
    """
    return np.maximum(
        (low - centres) / max(low * feather, 0.5),
        (centres - high) / max((end - high) * feather, 0.5),
    )


def _fall(t: np.ndarray) -> np.ndarray:
    """Smooth step from 1 at t <= 0 to 0 at t >= 1."""
    t = np.clip(t, 0, 1)
    return (1 - t * t * (3 - 2 * t)).astype(np.float32)
