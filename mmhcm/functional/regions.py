"""Exact shares of boxes inside a union of regions."""

import numpy as np

from .boxes import as_bboxes, box_areas, box_wh, intersection_areas

_DECIMALS = 9


def find_masked(
    bboxes: np.ndarray, regions: np.ndarray, min_share: float = 0.5
) -> np.ndarray:
    """Find objects with a share of at least ``min_share`` in ignored regions.

    Args:
        bboxes: (n, 4) xyxy.
        regions: (r, 4) xyxy of the ignored regions, in the same pixels.
        min_share: Smallest masked share of a box's area. Defaults to 0.5.

    Returns:
        bool (n,), True for masked objects.

    Examples:
        >>> bboxes = [[0, 0, 10, 10], [20, 0, 30, 10]]
        >>> find_masked(bboxes, regions=[[0, 0, 22, 6]])
        array([ True, False])
    """
    bboxes = as_bboxes(bboxes).astype(np.float64)
    regions = as_bboxes(regions).astype(np.float64)
    # The sum of the shares is an upper bound of the share in the union, and
    # is less than min_share for most boxes.
    most = intersection_areas(bboxes, regions).sum(axis=1)
    masked = most >= (min_share - 10.0**-_DECIMALS) * box_areas(bboxes)
    masked[masked] = union_shares(bboxes[masked], regions) >= min_share
    return masked


def union_shares(bboxes: np.ndarray, regions: np.ndarray) -> np.ndarray:
    """Compute the exact share of each box's area inside the union of regions.

    Overlapping regions count once. The edges of the regions cut the plane into
    cells. Inside each cell, the covered area to the left of and above a point
    is bilinear, so that four look-ups give the covered area of a box.

    Args:
        bboxes: (n, 4) xyxy.
        regions: (r, 4) xyxy in the same pixels; regions without area are
            ignored.

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
    # A box that is exactly half inside must give 0.5 for any cells.
    return np.clip(shares.round(_DECIMALS), 0, 1)


def _interpolate(
    integral: np.ndarray,
    xs: np.ndarray,
    ys: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
) -> np.ndarray:
    """Compute the covered area (n,) left of and above each point (x, y)."""
    i, u = _locate(xs, x)
    j, v = _locate(ys, y)
    upper = (1 - u) * integral[j, i] + u * integral[j, i + 1]
    lower = (1 - u) * integral[j + 1, i] + u * integral[j + 1, i + 1]
    return (1 - v) * upper + v * lower


def _locate(
    knots: np.ndarray, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Find the cell of each value, and its position in the cell, 0 to 1."""
    values = np.clip(values, knots[0], knots[-1])
    cells = np.searchsorted(knots, values, side='right') - 1
    cells = np.minimum(cells, len(knots) - 2)
    return cells, (values - knots[cells]) / (knots[cells + 1] - knots[cells])
