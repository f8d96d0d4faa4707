"""Where pasted objects go, and which (paper section 3.3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmhcm.functional.boxes import as_bboxes, box_areas, intersection_areas

from .looks import SURROUND, ImageLook
from .patch_choice import (
    PatchTraits,
    Places,
    choose_once,
    patch_traits,
    rescaling_costs,
    trait_costs,
)
from .places import Guides, choose_places, draw_centres, square_boxes
from .pool_index import (
    PoolIndex,
    index_pool,
    log_sizes_of,
    pick_any,
    pick_near,
    thin_index,
)
from .recipe import Paste, PasteOptions, PastePlan
from .views import aspect_sums, image_views


def plan_pastes(
    canvas_wh: Sequence[int],
    gt_bboxes: np.ndarray,
    gt_labels: np.ndarray,
    ignored_regions: np.ndarray,
    *,
    gt_ignore: np.ndarray | None = None,
    guides: tuple[np.ndarray, np.ndarray] | None = None,
    num_pastes: int,
    pool_wh: np.ndarray,
    pool_labels: np.ndarray,
    pool_index: PoolIndex | None = None,
    patch_share: float = 1.0,
    traits: PatchTraits | None = None,
    look: ImageLook | None = None,
    class_probs: np.ndarray,
    class_log_sizes: np.ndarray,
    rng: np.random.Generator,
    **options: Any,
) -> PastePlan:
    """Choose objects, and places for them on one canvas.

    Each object's class is drawn first and kept. A trial then draws a place
    beside an object of the same family, on ground like that object's (see
    `places`), the size that the surroundings ask for, the patch of that class
    that fits best of several which need no more rescaling than the limits
    allow (the nearest ones in size, at the limit, if there are too few; see
    `patch_choice`), flip, rotation and opacity. The size for class c is that
    of the objects around: the median over the neighbours j of
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
        guides: boxes (g, 4), canvas pixels, and labels (g,) of what else
            sizes and places go by: objects that are masked, say. None: there
            are none.
        num_pastes: objects to place.
        pool_wh: (p, 2) object sizes in patch pixels.
        pool_labels: int (p,).
        pool_index: what `index_pool` makes of the two; for a large pool,
            sorting it takes longer than the rest.
        patch_share: share of the patches of each class, drawn anew for each
            canvas, that are offered to it, but at least twice as many as are
            drawn. No patch is used in more than that share of canvases,
            however well it fits everywhere. Not for ``allow_repeats``.
        traits: what else is known of the patches. None: `patch_traits` of
            the two.
        look: of the canvas. None: places do not follow the ground, nor
            patches the light.
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
    if patch_share < 1 and not how.allow_repeats:
        at_least = 2 * np.bincount(labels, minlength=len(class_probs))
        pool_index = thin_index(pool_index, patch_share, at_least, rng)
    families = how.families_of(len(class_probs))
    if traits is None:
        traits = patch_traits(pool_wh, pool_labels, families)
    planner = _Planner(
        canvas_wh,
        Guides.of(
            *_with_guides(gt_bboxes, gt_labels, gt_ignore, guides),
            usual,
            families,
            traits.class_aspects,
        ),
        (gt_bboxes, ignored_regions),
        look,
        _Pool(pool_wh, pool_index, traits, families, usual),
    )
    placed: dict[int, Paste] = {}
    pending = np.arange(len(labels))
    for trial_ind in range(how.max_trials):
        if len(pending) == 0:
            break
        # Where it is crowded, the search widens and asks for less.
        spread = 1 + trial_ind / how.max_trials
        trial = planner.draw(labels[pending], spread, how, rng)
        accepted = planner.accept(trial, how)
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
    is_possible: np.ndarray
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
class _Pool:
    """Patches, and what is known of their classes (c)."""

    wh: np.ndarray
    index: PoolIndex
    traits: PatchTraits
    families: np.ndarray
    class_log_sizes: np.ndarray


def _with_guides(
    gt_bboxes: np.ndarray,
    gt_labels: np.ndarray,
    gt_ignore: np.ndarray | None,
    guides: tuple[np.ndarray, np.ndarray] | None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Boxes, labels and ignore flags of objects and guides together."""
    if guides is None:
        return gt_bboxes, gt_labels, gt_ignore
    bboxes, labels = as_bboxes(guides[0]), np.asarray(guides[1]).reshape(-1)
    gt_bboxes = as_bboxes(gt_bboxes)
    if gt_ignore is None:
        gt_ignore = np.zeros(len(gt_bboxes), dtype=bool)
    return (
        np.concatenate([gt_bboxes, bboxes]),
        np.concatenate([np.asarray(gt_labels).reshape(-1), labels]),
        np.concatenate([gt_ignore, np.zeros(len(bboxes), dtype=bool)]),
    )


class _Planner:
    """One canvas and what is on it so far."""

    def __init__(
        self,
        canvas_wh: Sequence[int],
        guides: Guides,
        occupied: tuple[np.ndarray, np.ndarray],
        look: ImageLook | None,
        pool: _Pool,
    ) -> None:
        self.canvas_wh = np.asarray(canvas_wh, dtype=np.float64)
        self.guides = guides
        self.taken, self.regions = (
            as_bboxes(bboxes).astype(np.float64) for bboxes in occupied
        )
        self.look = look
        self.grounds = (
            np.zeros((len(guides), 4))
            if look is None
            else guides.grounds(look)
        )
        self.pool = pool
        self.used: set[int] = set()
        num_classes = len(pool.families)
        self.view = image_views(
            aspect_sums(guides.labels, guides.log_aspects, num_classes),
            np.zeros(num_classes),
            pool.families,
        )

    def draw(
        self,
        labels: np.ndarray,
        spread: float,
        options: PasteOptions,
        rng: np.random.Generator,
    ) -> _Trial:
        """Draw one candidate for each label; ``spread`` widens "near"."""
        num = len(labels)
        centres, log_aspects, will_do = self._draw_places(
            labels, spread, options, rng
        )
        low, high = np.log(options.scale_jitter).tolist()
        jitter = rng.uniform(low, high, num)
        picks = rng.random(num)
        index, k = self.pool.index, options.num_candidates
        if options.follow_sizes and len(self.guides):
            log_sizes = self._follow(labels, centres, options) + jitter
            candidates = pick_near(
                index, labels, log_sizes, picks, options.scale_limits, k
            )
            own = log_sizes_of(self.pool.wh[candidates])
            wanted = log_sizes[:, None] - own
        else:
            log_sizes = self.pool.class_log_sizes[labels]
            candidates = pick_any(index, labels, picks, k)
            own = log_sizes_of(self.pool.wh[candidates])
            wanted = np.broadcast_to(jitter[:, None], own.shape)
        looks = self._looks_around(centres, log_sizes)
        places = Places(log_aspects, looks, self.view)
        costs = rescaling_costs(wanted, options.scale_limits)
        costs += trait_costs(
            candidates, self.pool.traits, places, options.max_look * spread
        )
        rows = np.arange(num)
        if options.allow_repeats:
            columns = costs.argmin(axis=1)
        else:
            columns = choose_once(candidates, costs, self.used)
        patch_ids = candidates[rows, columns]
        wh = self.pool.wh[patch_ids]
        scales = np.exp(wanted[rows, columns])
        scales = np.clip(scales, *options.scale_limits)
        angles = rng.uniform(-options.max_rotation, options.max_rotation, num)
        half = rotated_wh(wh * scales[:, None], angles) / 2
        if options.hard_edges:
            centres = np.rint(centres - half) + half
        return _Trial(
            labels=labels,
            patch_ids=patch_ids,
            is_possible=will_do & (columns >= 0),
            bboxes=np.concatenate([centres - half, centres + half], axis=1),
            sizes=np.sqrt(wh.prod(axis=1)) * scales,
            scales=scales,
            angles=angles,
            flips=rng.random(num) < options.flip_prob,
            alphas=rng.uniform(*options.alpha_range, num),
        )

    def accept(self, trial: _Trial, options: PasteOptions) -> np.ndarray:
        """Which objects find their place: bool (n,); they take it."""
        bboxes = trial.bboxes
        fits = trial.is_possible & (bboxes[:, :2] >= 0).all(axis=1)
        fits &= (bboxes[:, 2:] <= self.canvas_wh).all(axis=1)
        fits &= trial.sizes >= options.min_size
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
        self.used.update(trial.patch_ids[fits].tolist())
        return fits

    def _draw_places(
        self,
        labels: np.ndarray,
        spread: float,
        options: PasteOptions,
        rng: np.random.Generator,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Centres (n, 2), shapes (n,) beside them, and if they will do."""
        num = len(labels)
        if not len(self.guides) or not options.follow_places:
            centres = rng.random((num, 2)) * self.canvas_wh
            return centres, np.full(num, np.nan), np.ones(num, dtype=bool)
        families = self.pool.families[labels]
        usual = self.pool.class_log_sizes[labels]
        centres, inds, sizes = draw_centres(
            self.guides,
            usual,
            families,
            self.canvas_wh,
            spread,
            options,
            rng,
        )
        best, gaps = choose_places(
            centres,
            sizes,
            np.concatenate([self.taken, self.regions]),
            self.canvas_wh,
            self.look,
            self.grounds[inds],
        )
        rows = np.arange(num)
        guides = inds[rows, best]
        is_kin = self.pool.families[self.guides.labels[guides]] == families
        log_aspects = np.where(is_kin, self.guides.log_aspects[guides], np.nan)
        return (
            centres[rows, best],
            log_aspects,
            gaps <= options.max_ground * spread,
        )

    def _looks_around(
        self, centres: np.ndarray, log_sizes: np.ndarray
    ) -> np.ndarray | None:
        """Looks (n, 4) of what surrounds squares of these sizes."""
        if self.look is None:
            return None
        bboxes = square_boxes(centres, np.exp(log_sizes))
        return self.look.around(bboxes, SURROUND)

    def _follow(
        self, labels: np.ndarray, centres: np.ndarray, options: PasteOptions
    ) -> np.ndarray:
        """Log sizes (n,) that the surroundings ask for."""
        usual = self.pool.class_log_sizes[labels]
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
