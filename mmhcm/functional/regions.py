"""How much of a box lies inside the union of others, exactly."""

import numpy as np

from .boxes import as_bboxes, box_areas, box_wh, intersection_areas

_DECIMALS = 9


def find_masked(
    bboxes: np.ndarray, regions: np.ndarray, min_share: float = 0.5
) -> np.ndarray:
    """Find the objects that are hidden under a mask, with nothing to learn.

    Args:
        bboxes: (n, 4) xyxy.
        regions: (r, 4) xyxy in the same pixels, ignored regions.
        min_share: share of a box from which it is hidden.

    Returns:
        bool (n,).

    Examples:
        >>> bboxes = [[0, 0, 10, 10], [20, 0, 30, 10]]
        >>> find_masked(bboxes, regions=[[0, 0, 22, 6]])
        array([ True, False])
    """
    bboxes = as_bboxes(bboxes).astype(np.float64)
    regions = as_bboxes(regions).astype(np.float64)
    # The regions' shares together are never less than that of their union,
    # and few boxes have any.
    most = intersection_areas(bboxes, regions).sum(axis=1)
    masked = most >= (min_share - 10.0**-_DECIMALS) * box_areas(bboxes)
    masked[masked] = union_shares(bboxes[masked], regions) >= min_share
    return masked


def union_shares(bboxes: np.ndarray, regions: np.ndarray) -> np.ndarray:
    """Share of each box' area inside the union of ``regions``, exactly.

    Overlapping regions count once. The plane is cut along all edges of the
    regions; the covered area up to a point is then bilinear inside each cell,
    so four look-ups give the covered area of any box.

    Args:
        bboxes: (n, 4) xyxy.
        regions: (r, 4) xyxy in the same pixels; those without area are
            no regions.

    Returns:
        float64 (n,) in [0, 1], to nine decimals; 0 for a box without area.

    Examples:
        >>> regions = [[0, 0, 6, 10], [4, 0, 8, 10]]
        >>> union_shares([[0, 0, 10, 10]], regions)
        array([0.8])
    """
    bboxes = as_bboxes(bboxes).astype(np.float64)
    regions = as_bboxes(regions).astype(np.float64)
    regions = regions[box_wh(regions).min(axis=1, initial=np.inf) > 0]
    if len(bboxes) == 0 or len(regions) == 0:
        return np.zeros(len(bboxes))
    xs, x_inds = np.unique(regions[:, 0::2], return_inverse=True)
    ys, y_inds = np.unique(regions[:, 1::2], return_inverse=True)
    covered = np.zeros((len(ys) - 1, len(xs) - 1))
    for (left, right), (top, bottom) in zip(
        x_inds.reshape(-1, 2), y_inds.reshape(-1, 2), strict=True
    ):
        covered[top:bottom, left:right] = 1
    covered *= np.diff(ys)[:, None] * np.diff(xs)[None]
    # integral[j, i]: covered area left of xs[i] and above ys[j]
    integral = np.zeros((len(ys), len(xs)))
    integral[1:, 1:] = covered.cumsum(axis=0).cumsum(axis=1)

    x1, y1, x2, y2 = bboxes.T
    inside = (
        _interpolate(integral, xs, ys, x2, y2)
        - _interpolate(integral, xs, ys, x1, y2)
        - _interpolate(integral, xs, ys, x2, y1)
        + _interpolate(integral, xs, ys, x1, y1)
    )
    areas = box_areas(bboxes)
    shares = np.zeros(len(bboxes))
    np.divide(inside, areas, out=shares, where=areas > 0)
    # Exactly half inside must come out as half, whatever the cells are.
    return np.clip(shares.round(_DECIMALS), 0, 1)


def _interpolate(
    integral: np.ndarray,
    xs: np.ndarray,
    ys: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
) -> np.ndarray:
    """Covered area left of and above each point (x, y), (n,)."""
    i, u = _locate(xs, x)
    j, v = _locate(ys, y)
    upper = (1 - u) * integral[j, i] + u * integral[j, i + 1]
    lower = (1 - u) * integral[j + 1, i] + u * integral[j + 1, i + 1]
    return (1 - v) * upper + v * lower


def _locate(
    knots: np.ndarray, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Cell of each value, and where in the cell it lies from 0 to 1."""
    values = np.clip(values, knots[0], knots[-1])
    cells = np.searchsorted(knots, values, side='right') - 1
    cells = np.minimum(cells, len(knots) - 2)
    return cells, (values - knots[cells]) / (knots[cells + 1] - knots[cells])
