"""Where pasted objects go, and which (paper section 3.3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from mmhcm.functional.boxes import (
    as_bboxes,
    box_areas,
    box_wh,
    intersection_areas,
    sqrt_areas,
)

from .pool_index import (
    PoolIndex,
    index_pool,
    log_sizes_of,
    pick_any,
    pick_near,
)
from .recipe import Paste, PasteOptions, PastePlan


def plan_pastes(
    canvas_wh: Sequence[int],
    gt_bboxes: np.ndarray,
    gt_labels: np.ndarray,
    ignored_regions: np.ndarray,
    *,
    gt_ignore: np.ndarray | None = None,
    num_pastes: int,
    pool_wh: np.ndarray,
    pool_labels: np.ndarray,
    pool_index: PoolIndex | None = None,
    class_probs: np.ndarray,
    class_log_sizes: np.ndarray,
    rng: np.random.Generator,
    **options: Any,
) -> PastePlan:
    """Choose objects, and places for them on one canvas.

    Each object's class is drawn first and kept. A trial then draws a place,
    the size that the surroundings ask for, a patch of that class which needs
    no more rescaling than the limits allow (the nearest one, at the limit, if
    there is none), flip, rotation and opacity. The size for class c is that of
    the objects around: the median over the neighbours j of
    log s_j - mean log size of j's class, plus the mean log size of c.

    A place is taken if the box is inside the canvas, has no area in common
    with an ignored region, and overlaps neither objects nor earlier pastes by
    more than the limit. All objects that still need a place try at once, in
    rounds; within a round, the earlier object has the right of way.

    Args:
        canvas_wh: width and height of the canvas in pixels.
        gt_bboxes: (n, 4) xyxy, canvas pixels.
        gt_labels: (n,).
        ignored_regions: (r, 4) xyxy, canvas pixels.
        gt_ignore: bool (n,). Ignored objects are kept clear of as well, but
            sizes and places do not go by them. None: no object is ignored.
        num_pastes: objects to place.
        pool_wh: (p, 2) object sizes in patch pixels.
        pool_labels: int (p,).
        pool_index: what `index_pool` makes of the two; for a large pool,
            sorting it takes longer than the rest.
        class_probs: (c,) weights, see `balance.class_weights`. Classes
            without patches are left out.
        class_log_sizes: (c,) mean log sqrt(area) of each class in source
            pixels, NaN where unknown: the pool's is taken instead.
        rng: source of all draws.
        **options: fields of `PasteOptions`, or ``naive``, see its `make`.
    """
    how = PasteOptions.make(**options)
    pool_wh = np.asarray(pool_wh, dtype=np.float64).reshape(-1, 2)
    if pool_index is None:
        pool_index = index_pool(pool_wh, pool_labels, len(class_probs))
    labels = _draw_labels(class_probs, pool_index, num_pastes, rng)
    usual = np.asarray(class_log_sizes, dtype=np.float64)
    usual = np.where(np.isfinite(usual), usual, pool_index.class_log_sizes)
    planner = _Planner(
        canvas_wh,
        _Guides.of(gt_bboxes, gt_labels, gt_ignore, usual),
        (gt_bboxes, ignored_regions),
        (pool_wh, pool_index, usual),
    )
    placed: dict[int, Paste] = {}
    pending = np.arange(len(labels))
    for trial_ind in range(how.max_trials):
        if len(pending) == 0:
            break
        # Where it is crowded, the search widens: threefold in 20 trials.
        spread = 1 + trial_ind / 10
        trial = planner.draw(labels[pending], spread, how, rng)
        accepted = planner.accept(trial.bboxes, trial.sizes, how)
        for row in np.flatnonzero(accepted).tolist():
            placed[int(pending[row])] = trial.paste(row, how.hard_edges)
        pending = pending[~accepted]
    pastes = tuple(placed[ind] for ind in sorted(placed))
    return PastePlan(
        pastes, num_pastes - len(pastes), tuple(labels[pending].tolist())
    )


@dataclass(frozen=True)
class _Trial:
    """One candidate for each of n objects."""

    labels: np.ndarray
    patch_ids: np.ndarray
    bboxes: np.ndarray
    sizes: np.ndarray
    scales: np.ndarray
    angles: np.ndarray
    flips: np.ndarray
    alphas: np.ndarray

    def paste(self, row: int, hard_edges: bool) -> Paste:
        x1, y1, x2, y2 = self.bboxes[row].tolist()
        return Paste(
            patch_id=int(self.patch_ids[row]),
            bbox=(x1, y1, x2, y2),
            scale=float(self.scales[row]),
            angle=float(self.angles[row]),
            flip=bool(self.flips[row]),
            alpha=float(self.alphas[row]),
            label=int(self.labels[row]),
            hard_edges=hard_edges,
        )


@dataclass(frozen=True)
class _Guides:
    """Objects (m of n) that places and sizes go by.

    ``usual`` (m,): mean log size of the class; ``offsets`` (m,): how much
    larger than that each one is.
    """

    centres: np.ndarray
    sizes: np.ndarray
    usual: np.ndarray
    offsets: np.ndarray

    @classmethod
    def of(
        cls,
        gt_bboxes: np.ndarray,
        gt_labels: np.ndarray,
        gt_ignore: np.ndarray | None,
        class_log_sizes: np.ndarray,
    ) -> Self:
        bboxes = as_bboxes(gt_bboxes).astype(np.float64)
        labels = np.asarray(gt_labels, dtype=np.int64).reshape(-1)
        valid = box_wh(bboxes).min(axis=1, initial=np.inf) > 0
        if gt_ignore is not None:
            valid &= ~np.asarray(gt_ignore, dtype=bool).reshape(-1)
        # The label of an ignored object may be out of range.
        usual = np.full(len(bboxes), np.nan)
        usual[valid] = np.asarray(class_log_sizes)[labels[valid]]
        bboxes = bboxes[np.isfinite(usual)]
        usual = usual[np.isfinite(usual)]
        sizes = sqrt_areas(bboxes)
        return cls(
            centres=(bboxes[:, :2] + bboxes[:, 2:]) / 2,
            sizes=sizes,
            usual=usual,
            offsets=np.log(sizes) - usual,
        )


class _Planner:
    """One canvas and what is on it so far."""

    def __init__(
        self,
        canvas_wh: Sequence[int],
        guides: _Guides,
        occupied: tuple[np.ndarray, np.ndarray],
        pool: tuple[np.ndarray, PoolIndex, np.ndarray],
    ) -> None:
        self.canvas_wh = np.asarray(canvas_wh, dtype=np.float64)
        self.guides = guides
        self.taken, self.regions = (
            as_bboxes(bboxes).astype(np.float64) for bboxes in occupied
        )
        self.pool_wh, self.pool_index, self.class_log_sizes = pool

    def draw(
        self,
        labels: np.ndarray,
        spread: float,
        options: PasteOptions,
        rng: np.random.Generator,
    ) -> _Trial:
        """Draw one candidate for each label; ``spread`` widens "near"."""
        num = len(labels)
        centres = self._draw_centres(labels, spread, options, rng)
        low, high = np.log(options.scale_jitter).tolist()
        jitter = rng.uniform(low, high, num)
        picks = rng.random(num)
        if options.follow_sizes and len(self.guides.sizes):
            log_sizes = self._follow(labels, centres, options) + jitter
            patch_ids = pick_near(
                self.pool_index,
                labels,
                log_sizes,
                picks,
                options.scale_limits,
            )
        else:
            patch_ids = pick_any(self.pool_index, labels, picks)
            log_sizes = log_sizes_of(self.pool_wh[patch_ids]) + jitter
        wh = self.pool_wh[patch_ids]
        scales = np.exp(log_sizes) / np.sqrt(wh.prod(axis=1))
        scales = np.clip(scales, *options.scale_limits)
        angles = rng.uniform(-options.max_rotation, options.max_rotation, num)
        half = rotated_wh(wh * scales[:, None], angles) / 2
        if options.hard_edges:
            centres = np.rint(centres - half) + half
        return _Trial(
            labels=labels,
            patch_ids=patch_ids,
            bboxes=np.concatenate([centres - half, centres + half], axis=1),
            sizes=np.sqrt(wh.prod(axis=1)) * scales,
            scales=scales,
            angles=angles,
            flips=rng.random(num) < options.flip_prob,
            alphas=rng.uniform(*options.alpha_range, num),
        )

    def accept(
        self, bboxes: np.ndarray, sizes: np.ndarray, options: PasteOptions
    ) -> np.ndarray:
        """Which boxes (n, 4) find their place: bool (n,); they take it."""
        fits = (bboxes[:, :2] >= 0).all(axis=1)
        fits &= (bboxes[:, 2:] <= self.canvas_wh).all(axis=1)
        fits &= sizes >= options.min_size
        if options.avoid_regions:
            inside = intersection_areas(bboxes, self.regions) > 0
            fits &= ~inside.any(axis=1)
        fits &= ~_collides(bboxes, self.taken, options.max_overlap).any(axis=1)
        among = _collides(bboxes, bboxes, options.max_overlap)  # (n, n)
        for row in range(len(bboxes)):
            # ``fits`` above this row is final: those are the earlier ones.
            if fits[row] and (among[row, :row] & fits[:row]).any():
                fits[row] = False
        self.taken = np.concatenate([self.taken, bboxes[fits]])
        return fits

    def _draw_centres(
        self,
        labels: np.ndarray,
        spread: float,
        options: PasteOptions,
        rng: np.random.Generator,
    ) -> np.ndarray:
        num = len(labels)
        centres = rng.random((num, 2)) * self.canvas_wh
        near = rng.random(num) < options.near_prob
        shifts = rng.uniform(-1, 1, (num, 2)) * options.near_distance * spread
        picks = rng.random(num)
        guides = self.guides
        if len(guides.sizes) == 0:
            return centres
        inds = (picks * len(guides.sizes)).astype(np.int64)
        own_sizes = np.exp(self.class_log_sizes[labels] + guides.offsets[inds])
        reach = guides.sizes[inds] + own_sizes
        return np.where(
            near[:, None],
            guides.centres[inds] + shifts * reach[:, None],
            centres,
        )

    def _follow(
        self, labels: np.ndarray, centres: np.ndarray, options: PasteOptions
    ) -> np.ndarray:
        """Log sizes (n,) that the surroundings ask for."""
        usual = self.class_log_sizes[labels]
        gaps = centres[:, None] - self.guides.centres[None]  # (n, m, 2)
        gaps[..., 1] *= options.row_weight
        unlike = np.abs(usual[:, None] - self.guides.usual[None])
        distances = np.square(gaps).sum(axis=2) * np.exp(
            2 * options.class_weight * unlike
        )
        k = min(options.num_neighbours, distances.shape[1])
        nearest = np.argpartition(distances, k - 1, axis=1)[:, :k]
        offsets = np.sort(self.guides.offsets[nearest], axis=1)
        return usual + (offsets[:, (k - 1) // 2] + offsets[:, k // 2]) / 2


def rotated_wh(wh: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """Bounding box (n, 2) of rectangles ``wh`` turned by ``angles`` degrees.

    Args:
        wh: (n, 2) widths and heights.
        angles: (n,) degrees.
    """
    radians = np.deg2rad(angles)
    cos, sin = np.abs(np.cos(radians)), np.abs(np.sin(radians))
    return np.stack(
        [
            wh[:, 0] * cos + wh[:, 1] * sin,
            wh[:, 0] * sin + wh[:, 1] * cos,
        ],
        axis=1,
    )


def _draw_labels(
    class_probs: np.ndarray,
    pool: PoolIndex,
    num: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Labels (num,), or none when no class with weight has patches."""
    probs = np.asarray(class_probs, dtype=np.float64)
    probs = np.where(np.diff(pool.starts) > 0, probs, 0)
    if num == 0 or probs.sum() <= 0:
        return np.zeros(0, dtype=np.int64)
    return rng.choice(len(probs), size=num, p=probs / probs.sum())


def _collides(
    bboxes1: np.ndarray, bboxes2: np.ndarray, max_overlap: float
) -> np.ndarray:
    """Whether pairs overlap over the limit, seen from the smaller: (n, m)."""
    if max_overlap >= 1:
        # Nothing covers more than all; rounding might say so.
        return np.zeros((len(bboxes1), len(bboxes2)), dtype=bool)
    smaller = np.minimum(box_areas(bboxes1)[:, None], box_areas(bboxes2)[None])
    return intersection_areas(bboxes1, bboxes2) > max_overlap * smaller
