"""Matching by the official VisDrone-DET rules, for many images at once.

Boxes are ``x, y, w, h`` in pixels of the whole image. A group consists of the
objects and detections of one class in one image; only members of a group can
match.
"""

from dataclasses import dataclass

import numpy as np

# Exact, because an overlap equal to a threshold matches: 0.5 + 0.05 * i gives
# 0.85 one bit too high.
IOU_THRS = np.arange(50, 100, 5) / 100
# Distance between groups on the line on which pairs are searched; larger than
# an image, so that groups do not overlap.
_GROUP_PIXELS = 2.0**20
# Pairs in memory at a time, about 40 MB.
_MAX_PAIRS = 1 << 18


@dataclass(frozen=True)
class Overlaps:
    """Pairs of detections and objects that can match at some threshold.

    Pairs are sorted by detection, then by the detection's preference: the
    highest overlap first; of equal overlaps, the last object first.

    Attributes:
        det_inds: int64 (p,).
        gt_inds: int64 (p,), never of ignored objects.
        ious: (p,), at least the lowest threshold.
        on_ignored: (m,) highest share of each detection in an ignored
            object; 0 if it is below the lowest threshold.
    """

    det_inds: np.ndarray
    gt_inds: np.ndarray
    ious: np.ndarray
    on_ignored: np.ndarray


def find_overlaps(
    dets: np.ndarray,
    det_groups: np.ndarray,
    gt: np.ndarray,
    gt_groups: np.ndarray,
) -> Overlaps:
    """Find the pairs that can match, without comparing distant boxes.

    Args:
        dets: (m, >=4) boxes.
        det_groups: int (m,) group of each detection, in any order.
        gt: (n, >=5) boxes and score; score 0 means ignore.
        gt_groups: int (n,) group of each object.
    """
    ignored = gt[:, 4] == 0
    left, width = dets[:, 0], dets[:, 2]
    # An IoU of 0.5 needs widths within a factor of two, and an overlap of half
    # the larger width. Both bound the start of the object. The extra pixel
    # allows for rounding.
    last = left + 0.5 * width + 1
    counted = np.flatnonzero(~ignored)
    det_inds, gt_inds, ious = _pairs(
        dets, det_groups, left - width - 1, last, gt, gt_groups, counted
    )
    order = np.lexsort((-gt_inds, -ious, det_inds))
    on_ignored = np.zeros(len(dets))
    # Ignored objects have any size.
    far_left = np.full(len(dets), -np.inf)
    inds, _, shares = _pairs(
        dets,
        det_groups,
        far_left,
        last,
        gt,
        gt_groups,
        np.flatnonzero(ignored),
        by_detection=True,
    )
    np.maximum.at(on_ignored, inds, shares)
    return Overlaps(det_inds[order], gt_inds[order], ious[order], on_ignored)


def match_all(
    overlaps: Overlaps, use_dets: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Match detections with objects at each of ``IOU_THRS``.

    By the official rule, each detection in descending order of score takes the
    free object that it overlaps most. Here all detections are matched at once
    by deferred acceptance (Gale-Shapley): each detection proposes to its best
    object, each object keeps the proposal with the highest score, and rejected
    detections propose to their next object. Because all objects rank the
    detections in the same order, the resulting pairs are the same.

    Args:
        overlaps: Pairs; detections of a group are in descending order of
            score.
        use_dets: bool (m,), detections to match. Defaults to None, all.

    Returns:
        int64 (q,) index of the threshold and int64 (q,) index of the pair of
        each true positive.
    """
    taking_part = np.ones(len(overlaps.det_inds), dtype=bool)
    if use_dets is not None:
        taking_part = use_dets[overlaps.det_inds]
    thr_inds, pair_inds = np.nonzero(
        (overlaps.ious >= IOU_THRS[:, None]) & taking_part
    )
    num_dets = len(overlaps.on_ignored)
    num_gt = int(overlaps.gt_inds.max(initial=-1)) + 1
    # each threshold has its own copies of detections and objects
    dets = thr_inds * num_dets + overlaps.det_inds[pair_inds]
    objects = thr_inds * num_gt + overlaps.gt_inds[pair_inds]
    holders = np.full(len(IOU_THRS) * num_gt, len(IOU_THRS) * num_dets)
    left = np.arange(len(dets))
    # each iteration except the last rejects a pair
    for _ in range(len(dets) + 1):
        asking = left[np.diff(dets[left], prepend=-1) > 0]
        np.minimum.at(holders, objects[asking], dets[asking])
        stays = dets[left] <= holders[objects[left]]
        if stays.all():
            break
        left = left[stays]
    return thr_inds[asking], pair_inds[asking]


def flag_matches(
    overlaps: Overlaps, thr_inds: np.ndarray, pair_inds: np.ndarray
) -> np.ndarray:
    """Flag each detection as true positive, false positive or ignored.

    Args:
        overlaps: All pairs.
        thr_inds: (q,) thresholds of the true positives, from
            :func:`match_all`.
        pair_inds: (q,) pairs of the true positives, likewise.

    Returns:
        int8 (T, m) for the T thresholds: 1 true positive, 0 false positive,
        -1 matched with an ignored object.
    """
    # a detection without a free object may be on an ignored object
    flags = -(overlaps.on_ignored >= IOU_THRS[:, None]).astype(np.int8)
    flags[thr_inds, overlaps.det_inds[pair_inds]] = 1
    return flags


def _pairs(
    dets: np.ndarray,
    det_groups: np.ndarray,
    first: np.ndarray,
    last: np.ndarray,
    gt: np.ndarray,
    gt_groups: np.ndarray,
    chosen: np.ndarray,
    *,
    by_detection: bool = False,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find pairs whose overlap reaches the lowest threshold.

    Args:
        dets: (m, >=4) boxes.
        det_groups: int (m,).
        first: (m,) leftmost start of an object that can match, pixels.
        last: (m,) rightmost start, likewise.
        gt: (n, >=4) boxes.
        gt_groups: int (n,).
        chosen: (k,) indices of the objects to compare with.
        by_detection: If True, the overlap is the share of the detection
            instead of the IoU.
    """
    places = _on_line(gt_groups[chosen], gt[chosen, 0])
    order = np.argsort(places, kind='stable')
    places, chosen = places[order], chosen[order]
    starts = np.searchsorted(places, _on_line(det_groups, first), 'left')
    stops = np.searchsorted(places, _on_line(det_groups, last), 'right')
    counts = np.maximum(stops - starts, 0)  # (m,)
    ends = np.cumsum(counts)
    found: list[tuple[np.ndarray, ...]] = []
    begin, num_before = 0, 0
    while begin < len(dets) and num_before < ends[-1]:
        # at least one detection per iteration, so that the loop ends
        end = max(
            begin + 1,
            int(np.searchsorted(ends, num_before + _MAX_PAIRS, 'right')),
        )
        part = slice(begin, end)
        det_inds = np.repeat(np.arange(begin, end), counts[part])
        shift = np.repeat(
            starts[part] - ends[part] + counts[part], counts[part]
        )
        gt_inds = chosen[num_before + np.arange(len(det_inds)) + shift]
        overlaps = _overlaps(dets[det_inds], gt[gt_inds], by_detection)
        enough = overlaps >= IOU_THRS[0]
        found.append((det_inds[enough], gt_inds[enough], overlaps[enough]))
        begin, num_before = end, int(ends[end - 1])
    none = np.zeros(0, dtype=np.int64)
    empty = (none, none, np.zeros(0))
    det_inds, gt_inds, overlaps = (
        np.concatenate(parts) for parts in zip(empty, *found, strict=True)
    )
    return det_inds, gt_inds, overlaps


def _on_line(groups: np.ndarray, xs: np.ndarray) -> np.ndarray:
    """Map pixels ``xs`` (n,) to a line on which groups do not overlap."""
    half = 0.499 * _GROUP_PIXELS
    return groups * _GROUP_PIXELS + np.clip(xs, -half, half)


def _overlaps(
    dets: np.ndarray, gt: np.ndarray, by_detection: bool
) -> np.ndarray:
    """Compute overlaps (p,) of pairs: IoU, or the share of the detection.

    Operations are in float64 and in the toolkit's order, because an overlap
    that equals a threshold must match.
    """
    lower = np.maximum(dets[:, :2], gt[:, :2])
    upper = np.minimum(dets[:, :2] + dets[:, 2:4], gt[:, :2] + gt[:, 2:4])
    sides = np.maximum(upper - lower, 0)
    inter = sides[:, 0] * sides[:, 1]
    union = dets[:, 2] * dets[:, 3]
    if not by_detection:
        union = union + gt[:, 2] * gt[:, 3] - inter
    return np.divide(inter, union, out=np.zeros_like(inter), where=inter > 0)


def covered_share(
    xywh: np.ndarray, regions: np.ndarray, image_wh: tuple[int, int]
) -> np.ndarray:
    """Compute the covered share (n,) of boxes, by the toolkit's pixel rule.

    The toolkit sums over a mask of pixels. Here, the edges of the regions cut
    the image into a few cells, each completely covered or not at all, and the
    sum is over cells instead.

    Args:
        xywh: (n, >=4) boxes x, y, w, h, pixels of the image.
        regions: (r, >=4) ignored regions, likewise, with one-based corners
            and both ends included.
        image_wh: (width, height) of the image, pixels.
    """
    # MATLAB rounds halves away from zero; values below 1 become 1.
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
    # exact sums of whole numbers of pixels
    inside = ((heights @ covered) * widths).sum(axis=1)
    return inside / (boxes[:, 2] * boxes[:, 3])


def _reach(ends: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Compute lengths (n, k - 1) of the spans of edges before each end."""
    return np.clip(ends[:, None] - edges[:-1], 0, np.diff(edges))
