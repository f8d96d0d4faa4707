"""Rendering of pasted objects: warp, blend with soft edges (section 3.3).

`mmhcm.functional.pasting.placement` decides the positions of objects; a
`Paste` is one decision. Rendering needs only pastes and pixels.
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
    """Blend patches into a canvas, in order.

    Args:
        image: uint8 (h, w, 3) canvas.
        patches: n arrays, uint8 (ph, pw, 3), each an object with its context.
            Patches that are not drawn are not read.
        patch_bboxes: (n, 4) xyxy of each object in pixels of its patch.
        pastes: n pastes; parts outside the canvas are cut off.
        feather: Share of the context over which the opacity falls from that
            of the object to 0; the rest of the context is not drawn. Defaults
            to 0.8.
        color_match: Share, from 0 to 1, of the colour difference between the
            object's context and the surroundings of its position by which the
            object is shifted. The context is shifted in full, which hides the
            seam, unless the share is 0. Defaults to 0.5.
        window: xyxy in canvas pixels. Pastes that do not touch the window are
            left out; pixels inside the window do not change. Defaults to None,
            the whole canvas.
        origin: (x, y) of the first pixel of ``image`` in the canvas, if
            ``image`` is a crop. The crop must contain the areas of all drawn
            pastes, see `paste_areas`. Defaults to (0, 0).
        in_place: Paint on ``image`` itself, because copying a large canvas
            takes longer than pasting. Defaults to False.
        ignored_regions: (r, 4) xyxy in canvas pixels, rounded outward. Soft
            edges stop at the regions, and colours are not matched to them. An
            object that was placed inside a region is drawn completely.
            Defaults to none.

    Returns:
        uint8 (h, w, 3), ``image`` itself if ``in_place``.

    Examples:
        >>> image = np.zeros((40, 40, 3), dtype=np.uint8)
        >>> patch = np.full((10, 10, 3), 200, dtype=np.uint8)
        >>> paste = Paste(
        ...     patch_id=0,
        ...     bbox=(15, 15, 21, 21),
        ...     scale=1,
        ...     angle=0,
        ...     flip=False,
        ...     alpha=1,
        ...     label=0,
        ...     hard_edges=True,
        ... )
        >>> pasted = apply_pastes(image, [patch], [[2, 2, 8, 8]], [paste])
        >>> pasted[18, 13:23, 0]
        array([  0,   0, 200, 200, 200, 200, 200, 200,   0,   0], dtype=uint8)
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
    # Colours are matched to the original canvas, equally for every window.
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
    """List, for each of n pastes, the regions that its object is not in."""
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
    """Compute the whole-pixel area (x1, y1, x2, y2) that each paste changes.

    Args:
        patch_shapes: n (height, width) of the patches, pixels.
        patch_bboxes: (n, 4) xyxy of each object in pixels of its patch.
        pastes: n pastes.

    Returns:
        n areas in canvas pixels; an area may reach out of the canvas.

    Examples:
        >>> paste = Paste(0, (20, 20, 32, 32), 2, 0, False, 1, label=0)
        >>> paste_areas([(10, 10)], [[2, 2, 8, 8]], [paste])
        [(15, 15, 37, 37)]
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
    """Transform boxes of a patch to the canvas.

    Args:
        bboxes: (k, 4) xyxy, pixels of the patch.
        patch_bbox: (4,) xyxy of the object, pixels of the patch.
        paste: Paste of the patch.

    Returns:
        float32 (k, 4) xyxy, canvas pixels, around the four rotated corners.

    Examples:
        >>> paste = Paste(0, (20, 20, 32, 32), 2, 0, False, 1, label=0)
        >>> patch_bbox = np.array([2, 2, 8, 8])
        >>> paste_boxes([[2, 2, 5, 8]], patch_bbox, paste)
        array([[20., 20., 26., 32.]], dtype=float32)
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
    """Warp a patch and its opacity into the area.

    The area is warped as a whole and cropped afterwards, because OpenCV rounds
    coordinates differently when the origin moves.

    Returns:
        float32 (h, w, 4), colours and opacity, and float64 (2, 3), the affine
        matrix from the area back to the patch.
    """
    (a, b, x), (c, d, y) = _patch_to_canvas(patch_bbox, paste)
    # OpenCV's origin is the centre of the first pixel; the origin of boxes is
    # the corner of the first pixel.
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
    """Buffers that are reused for all patches.

    Allocating a large array takes longer than warping a patch into it.
    """

    def __init__(self) -> None:
        self.buffers = [np.empty(0, dtype=np.float32) for _ in range(2)]

    def take(self, ind: int, width: int, height: int) -> np.ndarray:
        """Return an uninitialised (height, width, 4) array in a buffer."""
        num = 4 * width * height
        if len(self.buffers[ind]) < num:
            self.buffers[ind] = np.empty(num, dtype=np.float32)
        return self.buffers[ind][:num].reshape(height, width, 4)


def _overlap(
    area: tuple[int, ...], other: tuple[float, ...]
) -> tuple[int, int, int, int] | None:
    """Intersect two areas x1, y1, x2, y2; None if the result is empty."""
    x1, y1 = (max(area[i], math.floor(other[i])) for i in (0, 1))
    x2, y2 = (min(area[i], math.ceil(other[i])) for i in (2, 3))
    return (x1, y1, x2, y2) if x1 < x2 and y1 < y2 else None


def _slices(
    area: tuple[int, int, int, int], origin: tuple[int, ...]
) -> tuple[slice, slice]:
    """Slice the rows and columns of an area; the array begins at origin."""
    x, y = origin
    return slice(area[1] - y, area[3] - y), slice(area[0] - x, area[2] - x)


def _patch_to_canvas(
    patch_bbox: np.ndarray, paste: Paste
) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Compute the rows of the affine matrix in continuous coordinates."""
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
    """Compute the whole canvas pixels that a patch can change."""
    height, width = patch_shape[:2]
    xs, ys = (
        [ax * x + ay * y + shift for x in (0, width) for y in (0, height)]
        for ax, ay, shift in _patch_to_canvas(patch_bbox, paste)
    )
    # Interpolation reaches half a pixel further.
    return (
        math.floor(min(xs) - 0.5),
        math.floor(min(ys) - 0.5),
        math.ceil(max(xs) + 0.5),
        math.ceil(max(ys) + 0.5),
    )
