"""Rendering of pasted objects: warp, blend with soft edges (section 3.3).

What goes where is decided in `mmhcm.functional.placement`, whose names can be
had from here too; a `Paste` is one such decision and all that rendering needs
beside the pixels.
"""

import math
from collections.abc import Sequence

import cv2
import numpy as np

from .blending import hard_layers, inside_spans, mix_pixels, soft_layers
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
    'paste_areas',
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
    origin: tuple[int, int] = (0, 0),
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
        origin: x and y of the image's first pixel, where it is a part of
            the canvas that ``pastes`` speak of. It has to hold all of the
            areas of the pastes that are drawn, see `paste_areas`.
    """
    out = image.copy()
    height, width = image.shape[:2]
    left, top = origin
    part = (left, top, left + width, top + height)
    x1, y1, x2, y2 = part if window is None else window
    bboxes = as_bboxes(patch_bboxes)
    areas = paste_areas([patch.shape for patch in patches], bboxes, pastes)
    for patch, bbox, paste, area in zip(
        patches, bboxes, pastes, areas, strict=True
    ):
        left, top, right, bottom = area
        if min(right, x2) > max(left, x1) and min(bottom, y2) > max(top, y1):
            _blend(
                (out, image, part),
                patch,
                bbox,
                paste,
                area,
                (feather, color_match),
            )
    return out


def paste_areas(
    patch_shapes: Sequence[tuple[int, ...]],
    patch_bboxes: np.ndarray | Sequence[np.ndarray],
    pastes: Sequence[Paste],
) -> list[tuple[int, int, int, int]]:
    """Whole canvas pixels x1, y1, x2, y2 that each paste can touch.

    Args:
        patch_shapes: n heights and widths of the patches, pixels.
        patch_bboxes: (n, 4) xyxy of each object in pixels of its patch.
        pastes: n places. An area may reach out of the canvas.
    """
    return [
        _target_area(shape[:2], bbox, paste)
        for shape, bbox, paste in zip(
            patch_shapes, as_bboxes(patch_bboxes), pastes, strict=True
        )
    ]


def _blend(
    canvas: tuple[np.ndarray, np.ndarray, tuple[int, int, int, int]],
    patch: np.ndarray,
    patch_bbox: np.ndarray,
    paste: Paste,
    area: tuple[int, int, int, int],
    look: tuple[float, float],
) -> None:
    """Paint one patch; ``canvas`` is what to paint on, as it was, its xyxy."""
    out, image, part = canvas
    left, top, right, bottom = area
    feather, color_match = look
    x1, y1 = max(left, part[0]), max(top, part[1])
    x2, y2 = min(right, part[2]), min(bottom, part[3])
    if x1 >= x2 or y1 >= y2:
        return
    matrix = _patch_to_canvas(patch_bbox, paste)
    matrix[:, 2] -= (left, top)
    # OpenCV counts from the centre of the first pixel, boxes from its corner.
    matrix[:, 2] += matrix[:, :2].sum(axis=1) / 2 - 0.5
    # The area is warped as a whole and cut afterwards: OpenCV rounds its
    # coordinates differently when the origin moves.
    cut = (slice(y1 - top, y2 - top), slice(x1 - left, x2 - left))
    pixels = _warp(patch, patch_bbox, feather, matrix, paste.hard_edges, area)
    to_patch = cv2.invertAffineTransform(matrix)
    to_patch[:, 2] += to_patch[:, :2] @ np.array([x1 - left, y1 - top])
    place = (
        slice(y1 - part[1], y2 - part[1]),
        slice(x1 - part[0], x2 - part[0]),
    )
    # Colours follow the untouched canvas: the same for every window.
    mix_pixels(
        out[place],
        image[place],
        pixels[cut],
        to_patch,
        inside_spans(patch.shape, patch_bbox),
        paste.alpha,
        0 if paste.hard_edges else color_match,
    )


def _warp(
    patch: np.ndarray,
    patch_bbox: np.ndarray,
    feather: float,
    matrix: np.ndarray,
    hard_edges: bool,
    area: tuple[int, int, int, int],
) -> np.ndarray:
    """Patch and opacity in the area, float32 (h, w, 4)."""
    height, width = patch.shape[:2]
    area_wh = (area[2] - area[0], area[3] - area[1])
    layers = (
        hard_layers(patch)
        if hard_edges
        else soft_layers(patch, patch_bbox, feather)
    )
    around = matrix.copy()
    around[:, 2] -= matrix[:, :2].sum(axis=1)
    pixels = cv2.warpAffine(layers, around, area_wh, flags=cv2.INTER_LINEAR)
    if hard_edges:
        x = np.arange(width) + 0.5
        y = np.arange(height)[:, None] + 0.5
        x1, y1, x2, y2 = patch_bbox.tolist()
        inside = (x > x1) & (x < x2) & (y > y1) & (y < y2)
        pixels[..., 3] = cv2.warpAffine(
            inside.astype(np.float32),
            matrix,
            area_wh,
            flags=cv2.INTER_NEAREST,
        )
    return pixels


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
