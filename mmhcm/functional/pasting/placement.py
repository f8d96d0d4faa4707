"""Choice and positions of pasted objects (paper section 3.3)."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mmhcm.functional.boxes import as_bboxes

from .looks import ImageLook
from .patch_choice import PatchTraits, patch_traits
from .places import Guides
from .pool_index import PoolIndex, index_pool, thin_index
from .recipe import Paste, PasteOptions, PastePlan
from .trials import PatchPool, Planner


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
    2. a size that follows the surrounding objects;
    3. several patches of the class that reach this size within the limits on
       rescaling, or the patches closest in size if there are too few; the
       patch that fits best is taken (see `patch_choice`);
    4. flip, rotation and opacity.

    The log size of an object of class c is the mean log size of c, plus the
    median over the neighbours j of log s_j - mean log size of j's class.

    A position is accepted if the box is inside the canvas, shares no area with
    an ignored region, and overlaps neither objects nor earlier pastes by more
    than the limit. Each trial covers all objects without a position at once;
    within a trial, earlier objects have priority.

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
        pool_index: Result of `index_pool`, to be reused because sorting a
            large pool takes longer than planning. Defaults to None: the pool
            is sorted.
        patch_share: Share of the patches of each class that the canvas may
            use, drawn with ``rng``, but at least twice as many patches as
            objects. Patches that fit everywhere are thus not used in every
            canvas. Not used with ``allow_repeats``. Defaults
            to 1.
        traits: Traits of the patches. Defaults to None: `patch_traits` of
            sizes and labels.
        look: Look of the canvas. Defaults to None: positions do not depend on
            the ground, nor patches on their surroundings.
        place_mask: bool (h, w) over the canvas, such as its roads. The
            centres of all pasted objects are drawn uniformly from its pixels,
            and only sizes follow the surrounding objects; an all-False mask
            leaves no position. Defaults to None: positions follow objects.
        class_probs: (c,) weights, see `balance.class_weights`. Classes
            without patches are left out.
        class_log_sizes: (c,) mean log sqrt(area) of each class, source
            pixels. Where NaN, the mean of the pool is used.
        rng: Source of all draws.
        **options: Fields of `PasteOptions`, or ``naive``, see
            `PasteOptions.make`.

    Returns:
        Plan with the pastes and the classes of objects without a position.

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
    planner = Planner(
        canvas_wh,
        Guides.of(
            *_with_guides(gt_bboxes, gt_labels, gt_ignore, guides),
            usual,
            families,
            traits.class_aspects,
        ),
        (gt_bboxes, ignored_regions),
        look,
        PatchPool(pool_wh, pool_index, traits, families, usual),
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


def compile_planning() -> None:
    """Compile the loops ahead of time, e.g. before workers are forked.

    Examples:
        >>> compile_planning()
    """
    plan_pastes(
        (64, 64),
        gt_bboxes=np.array([[8, 8, 16, 16]]),
        gt_labels=np.zeros(1),
        ignored_regions=np.zeros((0, 4)),
        num_pastes=1,
        pool_wh=np.full((1, 2), 8),
        pool_labels=np.zeros(1),
        look=ImageLook(np.zeros((8, 8, 3), dtype=np.uint8)),
        class_probs=np.ones(1),
        class_log_sizes=np.full(1, 2.0),
        rng=np.random.default_rng(0),
    )
