"""AdaResampling of RRNet: an image's own objects, copied onto its roads.

Source: Chen et al., *RRNet*, ICCV Workshops 2019, and its published code.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from mmhcm.functional.boxes import as_bboxes, box_wh, intersection_areas

from .places import draw_on_mask
from .recipe import Paste, PastePlan

_PASTES_PER_PIXEL, _MIN_PASTES = 5e-5, 5
_NUM_LARGEST = 3
_SCALE_LIMITS = (0.5, 2.0)


@dataclass(frozen=True)
class OwnObjects:
    """Objects of a canvas that are in the object pool.

    Attributes:
        bboxes: float32 (n, 4) xyxy, canvas pixels.
        labels: int (n,).
        patch_ids: int (n,), patch of each object.
    """

    bboxes: np.ndarray
    labels: np.ndarray
    patch_ids: np.ndarray


def num_resampled(road_pixels: float) -> int:
    """Compute the number of objects to copy: 5e-5 per pixel, at least 5.

    Args:
        road_pixels: Pixels of the canvas on roads.

    Examples:
        >>> num_resampled(20_000), num_resampled(900_000)
        (5, 45)
    """
    return max(_MIN_PASTES, int(_PASTES_PER_PIXEL * road_pixels))


def perspective_slope(bboxes: np.ndarray) -> float:
    """Estimate the growth of objects down an image from its pedestrians.

    The slope is the mean, over the three longest diagonals, of the difference
    from the shortest diagonal per pixel of vertical distance.

    Args:
        bboxes: (n, 4) xyxy of the pedestrians, pixels.

    Returns:
        Pixels of diagonal per pixel, at least 0; 0 with fewer than two
        pedestrians, or with all at one height.

    Examples:
        >>> perspective_slope([[0, 0, 3, 4], [0, 98, 6, 106]])
        0.05
    """
    bboxes = as_bboxes(bboxes).astype(np.float64)
    if not len(bboxes):
        return 0.0
    diagonals, heights = _diagonals(bboxes), _centres(bboxes)[:, 1]
    smallest = diagonals.argmin()
    largest = np.argsort(-diagonals, kind='stable')[:_NUM_LARGEST]
    gaps = np.abs(heights[largest] - heights[smallest])
    largest, gaps = largest[gaps > 0], gaps[gaps > 0]
    if not len(largest):
        return 0.0
    return float(((diagonals[largest] - diagonals[smallest]) / gaps).mean())


def perspective_scales(
    diagonals: np.ndarray, shifts: np.ndarray, slope: float
) -> np.ndarray:
    """Compute the scales (n,), 0.5 to 2, of objects that move up or down.

    Args:
        diagonals: (n,) of the objects, pixels.
        shifts: (n,) pixels that an object moves down; negative is up.
        slope: From `perspective_slope`.

    Examples:
        >>> perspective_scales([20, 20, 20], shifts=[99, -50, -300], slope=0.1)
        array([1.495, 0.75 , 0.5  ])
    """
    growth = np.asarray(shifts, dtype=np.float64) * slope
    return np.clip(1 + growth / np.asarray(diagonals), *_SCALE_LIMITS)


def plan_resampling(
    canvas_wh: Sequence[int],
    objects: OwnObjects,
    road_mask: np.ndarray,
    *,
    labels: Collection[int],
    joint_label: int,
    slope: float,
    rng: np.random.Generator,
) -> PastePlan:
    """Copy objects of a canvas to random positions on its roads.

    Objects of the classes ``labels`` are drawn uniformly, with replacement.
    Each drawn object is copied as a plain rectangle whose centre is on a
    random road pixel, scaled for its new height in the image, and moved inward
    if it would cross the border. An object of the class ``joint_label``
    (people on bicycles and the like) that overlaps another object is copied
    together with the object that it overlaps most. Copies may cover objects.

    Args:
        canvas_wh: (width, height) of the canvas, pixels.
        objects: Objects of the canvas.
        road_mask: bool (h, w) over the canvas.
        labels: Classes to copy.
        joint_label: Class of objects that are copied together with the object
            that they overlap most.
        slope: From `perspective_slope`.
        rng: Source of all draws.

    Returns:
        Plan with the pastes. All objects are skipped if there is no object to
        copy or no road; objects larger than the canvas are skipped too.

    Examples:
        >>> road = np.zeros((60, 80), dtype=bool)
        >>> road[30] = True
        >>> plan = plan_resampling(
        ...     (80, 60),
        ...     OwnObjects(np.array([[10, 8, 14, 16]]), np.array([9]), [3]),
        ...     road,
        ...     labels={9},
        ...     joint_label=1,
        ...     slope=0.0,
        ...     rng=np.random.default_rng(0),
        ... )
        >>> {paste.patch_id for paste in plan.pastes}
        {3}
        >>> [paste.bbox[1] for paste in plan.pastes]
        [26.0, 26.0, 26.0, 26.0, 26.0]
    """
    wh = np.asarray(canvas_wh, dtype=np.float64)
    num = num_resampled(float(road_mask.mean() * wh.prod()))
    bboxes = as_bboxes(objects.bboxes).astype(np.float64)
    candidates = np.flatnonzero(np.isin(objects.labels, list(labels)))
    if not len(candidates) or not road_mask.any():
        return PastePlan((), num)
    rows = candidates[rng.integers(0, len(candidates), num)]
    targets = draw_on_mask(road_mask, wh, (num, 1), rng)[:, 0]
    origins = _centres(bboxes)[rows]
    scales = perspective_scales(
        _diagonals(bboxes[rows]), targets[:, 1] - origins[:, 1], slope
    )
    mates = _mates(bboxes, objects.labels, joint_label)[rows]
    pastes: list[Paste] = []
    skipped: list[int] = []
    for row, mate, origin, target, scale in zip(
        rows, mates, origins, targets, scales.tolist(), strict=True
    ):
        members = [row] if mate < 0 else [mate, row]
        around = (bboxes[members] - np.tile(origin, 2)) * scale
        moved = _into_canvas(around + np.tile(target, 2), wh)
        if moved is None:
            skipped.append(int(objects.labels[row]))
            continue
        pastes += [
            _paste(objects, member, bbox, scale)
            for member, bbox in zip(members, moved, strict=True)
        ]
    return PastePlan(tuple(pastes), len(skipped), tuple(skipped))


def _mates(
    bboxes: np.ndarray, labels: np.ndarray, joint_label: int
) -> np.ndarray:
    """Find the object (n,) that is copied with each object, -1 for none."""
    shared = intersection_areas(bboxes, bboxes)
    np.fill_diagonal(shared, 0)
    takes = (np.asarray(labels) == joint_label) & (shared.max(axis=1) > 0)
    return np.where(takes, shared.argmax(axis=1), -1)


def _into_canvas(
    bboxes: np.ndarray, canvas_wh: np.ndarray
) -> np.ndarray | None:
    """Move boxes together into the canvas, to whole pixels; None if larger."""
    low, high = bboxes[:, :2].min(axis=0), bboxes[:, 2:].max(axis=0)
    if (high - low > canvas_wh).any():
        return None
    inward = np.maximum(-low, 0) - np.maximum(high - canvas_wh, 0)
    start = np.maximum(np.floor(bboxes[:, :2] + inward), 0)
    return np.concatenate([start, start + box_wh(bboxes)], axis=1)


def _paste(
    objects: OwnObjects, ind: int, bbox: np.ndarray, scale: float
) -> Paste:
    x1, y1, x2, y2 = bbox.tolist()
    return Paste(
        patch_id=int(objects.patch_ids[ind]),
        bbox=(x1, y1, x2, y2),
        scale=scale,
        angle=0.0,
        flip=False,
        alpha=1.0,
        label=int(objects.labels[ind]),
        hard_edges=True,
    )


def _centres(bboxes: np.ndarray) -> np.ndarray:
    return (bboxes[:, :2] + bboxes[:, 2:]) / 2


def _diagonals(bboxes: np.ndarray) -> np.ndarray:
    return np.hypot(*box_wh(bboxes).T)
