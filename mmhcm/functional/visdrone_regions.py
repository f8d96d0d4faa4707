"""How much of a box the ignored regions cover, by the toolkit's rule."""

import numpy as np


def covered_share(
    xywh: np.ndarray, regions: np.ndarray, image_wh: tuple[int, int]
) -> np.ndarray:
    """Share (n,) of each box that is covered, by the toolkit's four corners.

    The toolkit sums a mask of pixels. Here the regions' edges cut the image
    into few cells, each covered or not, and a sum over pixels is one over
    cells: no mask is painted.

    Args:
        xywh: (n, >=4) boxes x, y, w, h, pixels of the image.
        regions: (r, >=4) ignored regions, likewise; one-based corners, both
            ends included.
        image_wh: (width, height) of the image, pixels.
    """
    # MATLAB rounds halves away from zero; what is below 1 ends as 1 anyway.
    boxes = np.maximum(1, np.floor(xywh[:, :4] + 0.5))
    starts = np.minimum(boxes[:, :2], image_wh)
    stops = np.minimum(starts + boxes[:, 2:], image_wh)
    whole = np.maximum(1, regions[:, :4]).astype(np.int64)
    first = np.minimum(whole[:, :2] - 1, image_wh)
    last = np.minimum(whole[:, :2] + whole[:, 2:], image_wh)
    # half-open spans of pixels, between neighbouring edges
    xs = np.unique(np.concatenate([first[:, 0], last[:, 0]]))
    ys = np.unique(np.concatenate([first[:, 1], last[:, 1]]))
    in_rows = (first[:, 1:] <= ys[:-1]) & (ys[:-1] < last[:, 1:])  # (r, Y)
    in_columns = (first[:, :1] <= xs[:-1]) & (xs[:-1] < last[:, :1])  # (r, X)
    covered = np.einsum('ry,rx->yx', in_rows, in_columns).astype(np.float64)
    widths = _reach(stops[:, 0], xs) - _reach(starts[:, 0], xs)  # (n, X)
    heights = _reach(stops[:, 1], ys) - _reach(starts[:, 1], ys)  # (n, Y)
    # sums of whole numbers of pixels, so exact
    inside = ((heights @ covered) * widths).sum(axis=1)
    return inside / (boxes[:, 2] * boxes[:, 3])


def _reach(ends: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """How far (n, k - 1) each end reaches into the spans between edges."""
    return np.clip(ends[:, None] - edges[:-1], 0, np.diff(edges))
