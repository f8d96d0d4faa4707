"""Choice and positions of pasted objects (paper section 3.3)."""

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
from .places import (
    Guides,
    choose_places,
    draw_centres,
    draw_on_mask,
    square_boxes,
)
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
    place_mask: np.ndarray | None = None,
    class_probs: np.ndarray,
    class_log_sizes: np.ndarray,
    rng: np.random.Generator,
    **options: Any,
) -> PastePlan:
    """Choose objects to paste into one canvas, and their positions.

    The class of each object is drawn first and kept. A trial then draws

    1. a position next to an object of the same family, on similar ground (see
       `places`);
    2. the size that the surrounding objects suggest;
    3. several patches of the class that reach this size within the limits on
       rescaling, or the closest in size if there are too few, of which the one
       that fits best is taken (see `patch_choice`);
    4. flip, rotation and opacity.

    The log size of an object of class c is the mean log size of c, plus the
    median over the neighbours j of log s_j - mean log size of j's class.

    A position is accepted if the box is inside the canvas, shares no area with
    an ignored region, and overlaps neither objects nor earlier pastes by more
    than the limit. All objects without a position try at once, in rounds;
    within a round, earlier objects have priority.

    Args:
        canvas_wh: (width, height) of the canvas, pixels.
        gt_bboxes: (n, 4) xyxy, canvas pixels.
        gt_labels: (n,).
        ignored_regions: (r, 4) xyxy, canvas pixels.
        gt_ignore: bool (n,). Pastes avoid ignored objects as well, but sizes
            and positions do not follow them. Defaults to None: no object is
            ignored.
        guides: Boxes (g, 4), canvas pixels, and labels (g,) of further
            objects that sizes and positions follow, such as masked objects.
            Defaults to None.
        num_pastes: Number of objects to paste.
        pool_wh: (p, 2) width and height of the objects, patch pixels.
        pool_labels: int (p,) classes of the objects.
        pool_index: Result of `index_pool`, since sorting a large pool takes
            longer than a plan. Defaults to None: the pool is sorted.
        patch_share: Share of the patches of each class that the canvas may
            use, drawn with ``rng``, but at least twice as many patches as
            objects. Patches that fit everywhere are thus used in no more than
            this share of canvases. Not used with ``allow_repeats``. Defaults
            to 1.
        traits: Traits of the patches. Defaults to None: `patch_traits` of
            sizes and labels.
        look: Look of the canvas. Defaults to None: positions do not depend on
            the ground, nor patches on their surroundings.
        place_mask: bool (h, w) over the canvas, such as its roads. The
            centres of all pasted objects are drawn uniformly from its pixels,
            and sizes alone follow the objects around; a mask without a pixel
            leaves no position. Defaults to None: positions follow objects.
        class_probs: (c,) weights, see `balance.class_weights`. Classes
            without patches are left out.
        class_log_sizes: (c,) mean log sqrt(area) of each class, source
            pixels. Where NaN, the mean of the pool is used.
        rng: Source of all draws.
        **options: Fields of `PasteOptions`, or ``naive``, see
            `PasteOptions.make`.

    Returns:
        The pastes, and the objects without a position.

    Examples:
        >>> plan = plan_pastes(
        ...     (640, 480),
        ...     gt_bboxes=[[100, 200, 140, 220], [300, 210, 340, 230]],
        ...     gt_labels=[0, 0],
        ...     ignored_regions=[],
        ...     num_pastes=3,
        ...     pool_wh=[[40, 20], [44, 22], [38, 18]],
        ...     pool_labels=[0, 0, 0],
        ...     class_probs=[1.0],
        ...     class_log_sizes=[np.log(28)],
        ...     rng=np.random.default_rng(0),
        ... )
        >>> sorted(paste.patch_id for paste in plan.pastes)
        [0, 1, 2]
        >>> plan.num_skipped
        0
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
        place_mask,
    )
    placed: dict[int, Paste] = {}
    pending = np.arange(len(labels))
    for trial_ind in range(how.max_trials):
        if len(pending) == 0:
            break
        # In a crowded canvas, the search widens and the limits relax.
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
    """Candidates of n objects, one each."""

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
    """Patches and statistics of their classes (c)."""

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
    """Concatenate boxes, labels and ignore flags of objects and guides."""
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
    """State of one canvas during planning."""

    def __init__(
        self,
        canvas_wh: Sequence[int],
        guides: Guides,
        occupied: tuple[np.ndarray, np.ndarray],
        look: ImageLook | None,
        pool: _Pool,
        place_mask: np.ndarray | None = None,
    ) -> None:
        self.place_mask = place_mask
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
        """Accept and occupy the positions that are free: bool (n,)."""
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
            # ``fits`` is final for the rows above, the earlier objects.
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
        """Draw centres (n, 2), log aspects (n,) to match, and bool (n,) ok."""
        num = len(labels)
        if self.place_mask is not None:
            return self._draw_on_mask(labels, options, rng)
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

    def _draw_on_mask(
        self,
        labels: np.ndarray,
        options: PasteOptions,
        rng: np.random.Generator,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Draw as `_draw_places` does, from the pixels of the mask."""
        mask, num = self.place_mask, len(labels)
        none = np.full(num, np.nan)
        if mask is None or not mask.any():
            return np.zeros((num, 2)), none, np.zeros(num, dtype=bool)
        shape = (num, options.num_places)
        centres = draw_on_mask(mask, self.canvas_wh, shape, rng)
        sizes = np.exp(self.pool.class_log_sizes[labels])[:, None]
        best, _ = choose_places(
            centres,
            np.broadcast_to(sizes, shape),
            np.concatenate([self.taken, self.regions]),
            self.canvas_wh,
            None,
            np.zeros((*shape, 4)),
        )
        return centres[np.arange(num), best], none, np.ones(num, dtype=bool)

    def _looks_around(
        self, centres: np.ndarray, log_sizes: np.ndarray
    ) -> np.ndarray | None:
        """Compute looks (n, 4) of the surroundings of squares."""
        if self.look is None:
            return None
        bboxes = square_boxes(centres, np.exp(log_sizes))
        return self.look.around(bboxes, SURROUND)

    def _follow(
        self, labels: np.ndarray, centres: np.ndarray, options: PasteOptions
    ) -> np.ndarray:
        """Compute log sizes (n,) that follow the surrounding objects."""
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
    """Compute the bounding boxes (n, 2) of rotated rectangles.

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
    """Draw labels (num,); none if no class with weight has patches."""
    probs = np.asarray(class_probs, dtype=np.float64)
    probs = np.where(np.diff(pool.starts) > 0, probs, 0)
    if num == 0 or probs.sum() <= 0:
        return np.zeros(0, dtype=np.int64)
    return rng.choice(len(probs), size=num, p=probs / probs.sum())


def _collides(
    bboxes1: np.ndarray, bboxes2: np.ndarray, max_overlap: float
) -> np.ndarray:
    """Test which pairs overlap by more than a share of the smaller: (n, m)."""
    if max_overlap >= 1:
        # No overlap exceeds 1, except by rounding.
        return np.zeros((len(bboxes1), len(bboxes2)), dtype=bool)
    smaller = np.minimum(box_areas(bboxes1)[:, None], box_areas(bboxes2)[None])
    return intersection_areas(bboxes1, bboxes2) > max_overlap * smaller
