"""Rendering of pasted objects: warp, blend with soft edges (section 3.3).

What goes where is decided in `mmhcm.functional.pasting.placement`; a `Paste`
is one such decision and all that rendering needs beside the pixels.
"""

import math
from collections.abc import Sequence

import cv2
import numpy as np

from mmhcm.functional.boxes import as_bboxes, box_areas, intersection_areas

from .blending import (
    hard_layers,
    inside_mask,
    inside_spans,
    mix_pixels,
    soft_layers,
)
from .recipe import Paste


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
    in_place: bool = False,
    ignored_regions: np.ndarray | Sequence[Sequence[float]] = (),
) -> np.ndarray:
    """Return a copy of ``image`` with the patches blended in, in order.

    Args:
        image: uint8 (h, w, 3) canvas.
        patches: n arrays, uint8 (ph, pw, 3). Only those that are drawn are
            looked at.
        patch_bboxes: (n, 4) xyxy of each object in pixels of its patch.
        pastes: n places; what reaches out of the canvas is cut off.
        feather: share of the context over which the opacity falls smoothly
            from that of the object to 0; the context beyond is not drawn.
        color_match: how far the object's colours are shifted by the
            difference between its context and what is around its place, from
            0 to 1. The context itself is shifted in full, which hides the
            seam; with 0, neither is.
        window: xyxy in canvas pixels. Pastes that do not touch it are left
            out; pixels inside it are the same as without it.
        origin: x and y of the image's first pixel, where it is a part of
            the canvas that ``pastes`` speak of. It has to hold all of the
            areas of the pastes that are drawn, see `paste_areas`.
        in_place: paint on ``image`` itself: a copy of a large canvas takes
            longer than the patches.
        ignored_regions: (r, 4) xyxy in canvas pixels, rounded outward. The
            soft edge of an object stops at them, and its colours do not follow
            theirs; an object that was placed in a region is drawn whole.
    """
    out = image if in_place else image.copy()
    height, width = image.shape[:2]
    left, top = origin
    part = (left, top, left + width, top + height)
    looked_at = part if window is None else tuple(window)
    bboxes = as_bboxes(patch_bboxes)
    hiding = _regions_beside(pastes, ignored_regions)
    jobs = []
    for patch, bbox, paste, regions in zip(
        patches, bboxes, pastes, hiding, strict=True
    ):
        area = _target_area(patch.shape, bbox, paste)
        if _overlap(area, looked_at) is None:
            continue
        place = _overlap(area, part)
        if place is not None:
            jobs.append((patch, bbox, paste, regions, area, place))
    # Colours follow the untouched canvas: the same for every window.
    arounds = [image[_slices(job[-1], origin)] for job in jobs]
    if in_place:
        arounds = [around.copy() for around in arounds]
    scratch = _Scratch()
    for around, (patch, bbox, paste, regions, area, place) in zip(
        arounds, jobs, strict=True
    ):
        pixels, to_patch = _warp(patch, bbox, paste, area, feather, scratch)
        corner = np.array([place[0] - area[0], place[1] - area[1]])
        to_patch[:, 2] += to_patch[:, :2] @ corner
        mix_pixels(
            out[_slices(place, origin)],
            around,
            pixels[_slices(place, area[:2])],
            to_patch,
            inside_spans(patch.shape, bbox),
            paste.alpha,
            0 if paste.hard_edges else color_match,
            hidden=[
                _slices(shared, place[:2])
                for shared in (_overlap(place, other) for other in regions)
                if shared is not None
            ],
        )
    return out


def _regions_beside(
    pastes: Sequence[Paste],
    ignored_regions: np.ndarray | Sequence[Sequence[float]],
) -> list[list[tuple[float, ...]]]:
    """For each of n pastes, regions that its object has no part in."""
    regions = as_bboxes(ignored_regions).astype(np.float64)
    regions = regions[box_areas(regions) > 0]
    bboxes = np.array([paste.bbox for paste in pastes], dtype=np.float64)
    apart = intersection_areas(bboxes.reshape(-1, 4), regions) == 0
    return [[tuple(box) for box in regions[row].tolist()] for row in apart]


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
        _target_area(shape, bbox, paste)
        for shape, bbox, paste in zip(
            patch_shapes, as_bboxes(patch_bboxes), pastes, strict=True
        )
    ]


def paste_boxes(
    bboxes: np.ndarray, patch_bbox: np.ndarray, paste: Paste
) -> np.ndarray:
    """Transform boxes in a patch to the canvas.

    Args:
        bboxes: (k, 4) xyxy, pixels of the patch.
        patch_bbox: (4,) xyxy of the object in the patch.
        paste: place of the object.

    Returns:
        float32 (k, 4) xyxy, canvas pixels: around the four corners.
    """
    x1, y1, x2, y2 = as_bboxes(bboxes).astype(np.float64).T
    xs, ys = np.stack([x1, x2, x1, x2]), np.stack([y1, y1, y2, y2])
    corners = np.stack(
        [
            a * xs + b * ys + shift
            for a, b, shift in _patch_to_canvas(patch_bbox, paste)
        ],
        axis=2,
    )  # (4, k, 2)
    return as_bboxes(np.hstack([corners.min(axis=0), corners.max(axis=0)]))


def _warp(
    patch: np.ndarray,
    patch_bbox: np.ndarray,
    paste: Paste,
    area: tuple[int, int, int, int],
    feather: float,
    scratch: '_Scratch',
) -> tuple[np.ndarray, np.ndarray]:
    """Patch and opacity in the area, float32 (h, w, 4), and the way back.

    The area is warped as a whole and cut afterwards: OpenCV rounds its
    coordinates differently when the origin moves.
    """
    (a, b, x), (c, d, y) = _patch_to_canvas(patch_bbox, paste)
    # OpenCV counts from the centre of the first pixel, boxes from its corner.
    x += (a + b) / 2 - 0.5 - area[0]
    y += (c + d) / 2 - 0.5 - area[1]
    matrix = np.array([[a, b, x], [c, d, y]])
    area_wh = (area[2] - area[0], area[3] - area[1])
    layers = (
        hard_layers(patch)
        if paste.hard_edges
        else soft_layers(
            patch,
            patch_bbox,
            feather,
            scratch.take(0, patch.shape[1] + 2, patch.shape[0] + 2),
        )
    )
    # The layers have a border of one pixel.
    around = np.array([[a, b, x - a - b], [c, d, y - c - d]])
    pixels = scratch.take(1, *area_wh)
    cv2.warpAffine(layers, around, area_wh, dst=pixels, flags=cv2.INTER_LINEAR)
    if paste.hard_edges:
        pixels[..., 3] = cv2.warpAffine(
            inside_mask(patch.shape, patch_bbox),
            matrix,
            area_wh,
            flags=cv2.INTER_NEAREST,
        )
    return pixels, cv2.invertAffineTransform(matrix)


class _Scratch:
    """Memory for one patch after the other.

    The system hands out fresh pages for each large array, which takes longer
    than what is done with them.
    """

    def __init__(self) -> None:
        self.buffers = [np.empty(0, dtype=np.float32) for _ in range(2)]

    def take(self, ind: int, width: int, height: int) -> np.ndarray:
        """Array (height, width, 4) in buffer ``ind``, of any content."""
        num = 4 * width * height
        if len(self.buffers[ind]) < num:
            self.buffers[ind] = np.empty(num, dtype=np.float32)
        return self.buffers[ind][:num].reshape(height, width, 4)


def _overlap(
    area: tuple[int, ...], other: tuple[float, ...]
) -> tuple[int, int, int, int] | None:
    """What two x1, y1, x2, y2 have in common; None for no area."""
    x1, y1 = (max(area[i], math.floor(other[i])) for i in (0, 1))
    x2, y2 = (min(area[i], math.ceil(other[i])) for i in (2, 3))
    return (x1, y1, x2, y2) if x1 < x2 and y1 < y2 else None


def _slices(
    area: tuple[int, int, int, int], origin: tuple[int, ...]
) -> tuple[slice, slice]:
    """Rows and columns of an area in an array that begins at the origin."""
    x, y = origin
    return slice(area[1] - y, area[3] - y), slice(area[0] - x, area[2] - x)


def _patch_to_canvas(
    patch_bbox: np.ndarray, paste: Paste
) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Rows of the affine matrix between continuous coordinates."""
    cos = math.cos(math.radians(paste.angle)) * paste.scale
    sin = math.sin(math.radians(paste.angle)) * paste.scale
    flip = -1.0 if paste.flip else 1.0
    left, top, right, bottom = patch_bbox.tolist()
    x, y = (left + right) / 2, (top + bottom) / 2
    x1, y1, x2, y2 = paste.bbox
    return (
        (cos * flip, sin, (x1 + x2) / 2 - (cos * flip * x + sin * y)),
        (-sin * flip, cos, (y1 + y2) / 2 - (cos * y - sin * flip * x)),
    )


def _target_area(
    patch_shape: tuple[int, ...], patch_bbox: np.ndarray, paste: Paste
) -> tuple[int, int, int, int]:
    """Whole canvas pixels that the patch and its context can touch."""
    height, width = patch_shape[:2]
    xs, ys = (
        [ax * x + ay * y + shift for x in (0, width) for y in (0, height)]
        for ax, ay, shift in _patch_to_canvas(patch_bbox, paste)
    )
    # Half a pixel more: interpolation reaches to the next pixel's centre.
    return (
        math.floor(min(xs) - 0.5),
        math.floor(min(ys) - 0.5),
        math.ceil(max(xs) + 0.5),
        math.ceil(max(ys) + 0.5),
    )
