"""Choice of the patch that fits a position best."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from mmhcm.functional.compiled import compiled

from .pool_index import log_sizes_of
from .views import aspect_sums as sum_aspects
from .views import image_views, log_aspects_of, mean_aspects

# Distance of looks that costs as much as a factor of e in size.
_GREY_LEVELS = 25.0
# Cost of each unit of log size between the reached and the wanted size.
_MISS_WEIGHT = 10.0
# Largest log distance to the wanted size, beyond that of the closest patch.
_MAX_MISS = 0.2
_NO_LOOKS = np.zeros((0, 0, 4), dtype=np.float32)
_CHOOSE_TYPES = (
    'void(i8[:,::1], f8[:,::1], UniTuple(f8, 2), f8[:,::1], f8[:,:,::1], '
    'f8[::1], f4[:,:,::1], f8[:,::1], f8, i8[::1], b1, i8[::1])'
)


@dataclass(frozen=True)
class PatchTraits:
    """Traits of the patches of a pool that decide where a patch fits.

    Attributes:
        log_sizes: float64 (p,), log sqrt(area) of each object, patch pixels.
        log_aspects: float64 (p,), log(height / width) of each object minus
            the mean of its class.
        looks: float32 (p, 4), `looks.ImageLook.around` of each object in its
            source image; None if pixels are not known: patches are then
            chosen by size, shape and view alone.
        views: float64 (p, f), `views.image_views` of each source image.
        class_aspects: float64 (c,), mean log(height / width) of each class.
    """

    log_sizes: np.ndarray
    log_aspects: np.ndarray
    looks: np.ndarray | None
    views: np.ndarray
    class_aspects: np.ndarray


@dataclass(frozen=True)
class Places:
    """Traits that n positions require of their patches.

    Attributes:
        log_aspects: (n,) as in `PatchTraits`; NaN for any shape.
        looks: (n, 4) looks of the surroundings; None if not known.
        view: (f,) view of the canvas.
    """

    log_aspects: np.ndarray
    looks: np.ndarray | None
    view: np.ndarray


def patch_traits(
    pool_wh: np.ndarray,
    pool_labels: np.ndarray,
    families: np.ndarray,
    *,
    looks: np.ndarray | None = None,
    image_inds: np.ndarray | None = None,
    aspect_sums: np.ndarray | None = None,
) -> PatchTraits:
    """Compute the traits of a pool's patches.

    Args:
        pool_wh: (p, 2) width and height of the objects, patch pixels.
        pool_labels: int (p,) classes of the objects.
        families: int (c,), family of each class.
        looks: See `PatchTraits`. Defaults to None.
        image_inds: int (p,), source image of each patch. Defaults to None.
        aspect_sums: (images, 2, c) of all objects of each source image, see
            `views.aspect_sums`. Defaults to None: all views are 0, and mean
            shapes are computed from the pool.

    Examples:
        >>> traits = patch_traits(
        ...     pool_wh=[[20, 10], [20, 20]],
        ...     pool_labels=[0, 0],
        ...     families=np.array([0]),
        ... )
        >>> traits.log_aspects.round(2)
        array([-0.35,  0.35])
    """
    wh = np.maximum(np.asarray(pool_wh, np.float64).reshape(-1, 2), 1e-9)
    labels = np.asarray(pool_labels, dtype=np.int64).reshape(-1)
    log_aspects = log_aspects_of(wh)
    if aspect_sums is None:
        sums = sum_aspects(labels, log_aspects, len(families))
    else:
        sums = aspect_sums.sum(axis=0)
    usual = mean_aspects(sums)
    if aspect_sums is None or image_inds is None:
        views = np.zeros((len(labels), int(families.max(initial=0)) + 1))
    else:
        views = image_views(aspect_sums, usual, families)[image_inds]
    if looks is not None:
        looks = np.asarray(looks, dtype=np.float32)
    return PatchTraits(
        log_sizes_of(wh), log_aspects - usual[labels], looks, views, usual
    )


def choose_patches(
    patch_ids: np.ndarray,
    log_scales: np.ndarray,
    scale_limits: tuple[float, float],
    traits: PatchTraits,
    places: Places,
    max_look: float,
    used: Collection[int] | None,
) -> np.ndarray:
    """Choose the candidate that fits each position best, in order.

    The cost of a candidate, in units of log size, is the sum of

    - the change in log size within the limits, plus ten times the miss: the
      distance of the reached from the wanted log size. The cost is infinite
      if the miss exceeds that of the closest candidate by 0.2;
    - the differences in shape and in view;
    - the distance of the looks over 25 grey levels, infinite above
      ``max_look``. This distance is the root mean square difference of the
      colours plus the difference of the contrasts.

    Args:
        patch_ids: int64 (n, k), the candidates of each position.
        log_scales: (n, k) log of wanted size over patch size.
        scale_limits: Lowest and highest scale.
        traits: Traits of the pool.
        places: Traits that the positions require.
        max_look: Largest distance of looks, grey levels.
        used: Patches that must not be chosen; no patch is chosen twice. None
            allows repeats and infinite costs.

    Returns:
        int64 (n,) indices of the chosen candidates, the first if costs are
        equal; -1 for none.
    """
    shapes = traits.log_aspects[patch_ids] - places.log_aspects[:, None]
    looks, wanted_looks = _NO_LOOKS, np.zeros((0, 4))
    if traits.looks is not None and places.looks is not None:
        looks, wanted_looks = traits.looks[patch_ids], places.looks
    low, high = np.log(scale_limits).tolist()
    columns = np.full(len(patch_ids), 0 if used is None else -1)
    compiled(_choose_patches, _CHOOSE_TYPES)(
        patch_ids,
        np.ascontiguousarray(log_scales),
        (low, high),
        shapes,
        traits.views[patch_ids],
        places.view,
        looks,
        wanted_looks,
        max_look,
        np.array([*(used or ())], dtype=np.int64),
        used is None,
        columns,
    )
    return columns


def _choose_patches(  # noqa: C901
    patch_ids: np.ndarray,
    log_scales: np.ndarray,
    limits: tuple[float, float],
    shapes: np.ndarray,
    views: np.ndarray,
    view: np.ndarray,
    looks: np.ndarray,
    around: np.ndarray,
    max_look: float,
    used: np.ndarray,
    allow_repeats: bool,
    columns: np.ndarray,
) -> None:
    """Fill ``columns``; looks count if there are any."""
    low, high = limits
    for row in range(patch_ids.shape[0]):
        nearest = np.inf
        for log_scale in log_scales[row]:
            reached = min(max(log_scale, low), high)
            nearest = min(nearest, abs(log_scale - reached))
        least = np.inf
        for column in range(patch_ids.shape[1]):
            log_scale = log_scales[row, column]
            reached = min(max(log_scale, low), high)
            miss = abs(log_scale - reached)
            if miss > nearest + _MAX_MISS:
                continue
            trait = abs(shapes[row, column])
            if np.isnan(trait):
                trait = 0.0
            gap = 0.0
            for family in range(len(view)):
                gap += abs(views[row, column, family] - view[family])
            trait += gap
            if len(around):
                gap = 0.0
                for channel in range(3):
                    shift = looks[row, column, channel] - around[row, channel]
                    gap += shift * shift
                shift = looks[row, column, 3] - around[row, 3]
                gap = np.sqrt(gap / 3) + np.sqrt(shift * shift)
                if gap > max_look:
                    continue
                trait += gap / _GREY_LEVELS
            cost = abs(reached) + _MISS_WEIGHT * miss + trait
            if cost >= least:
                continue
            patch = patch_ids[row, column]
            is_used = False
            if not allow_repeats:
                for other in used:
                    is_used |= other == patch
                for earlier in range(row):
                    chosen = columns[earlier]
                    if chosen >= 0:
                        is_used |= patch_ids[earlier, chosen] == patch
            if not is_used:
                least, columns[row] = cost, column
