"""Choice of the patch that fits a position best."""

from dataclasses import dataclass

import numpy as np

from .looks import look_distances
from .views import aspect_sums as sum_aspects
from .views import image_views, log_aspects_of, mean_aspects

# Distance of looks that costs as much as a factor of e in size.
_GREY_LEVELS = 25.0
# Cost of each unit of log size between the reached and the wanted size.
_MISS_WEIGHT = 10.0
# Largest log distance to the wanted size, beyond that of the closest patch.
_MAX_MISS = 0.2


@dataclass(frozen=True)
class PatchTraits:
    """Traits of the patches of a pool that decide where a patch fits.

    Attributes:
        log_aspects: float64 (p,), log(height / width) of each object minus
            the mean of its class.
        looks: float32 (p, 4), `looks.ImageLook.around` of each object in its
            source image; None if pixels are not known: patches are then
            chosen by size, shape and view alone.
        views: float64 (p, f), `views.image_views` of each source image.
        class_aspects: float64 (c,), mean log(height / width) of each class.
    """

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
            shapes are those of the pool.

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
    return PatchTraits(log_aspects - usual[labels], looks, views, usual)


def rescaling_costs(
    log_scales: np.ndarray, scale_limits: tuple[float, float]
) -> np.ndarray:
    """Compute costs (n, k) of rescaling patches, in units of log size.

    The cost is the change in log size within the limits, plus ten times the
    miss: the distance of the reached from the wanted log size. The cost is
    infinite if the miss exceeds that of the closest candidate by 0.2.

    Args:
        log_scales: (n, k) log of wanted size over patch size.
        scale_limits: Lowest and highest scale.
    """
    scales = np.clip(log_scales, *np.log(scale_limits))
    misses = np.abs(log_scales - scales)
    costs = np.abs(scales) + _MISS_WEIGHT * misses
    nearest = misses.min(axis=1, keepdims=True)
    return np.where(misses > nearest + _MAX_MISS, np.inf, costs)


def trait_costs(
    patch_ids: np.ndarray,
    traits: PatchTraits,
    places: Places,
    max_look: float,
) -> np.ndarray:
    """Compute costs (n, k) of shape, view and look, in units of log size.

    Args:
        patch_ids: int (n, k), the candidates of each position.
        traits: Traits of the pool.
        places: Traits that the positions require.
        max_look: Distance of looks above which the cost is infinite.
    """
    shapes = traits.log_aspects[patch_ids] - places.log_aspects[:, None]
    costs = np.abs(np.nan_to_num(shapes))
    costs += np.abs(traits.views[patch_ids] - places.view).sum(axis=2)
    if traits.looks is not None and places.looks is not None:
        looks = traits.looks[patch_ids]
        gaps = look_distances(looks, places.looks[:, None])
        costs += np.where(gaps > max_look, np.inf, gaps / _GREY_LEVELS)
    return costs


def choose_once(
    patch_ids: np.ndarray, costs: np.ndarray, used: set[int]
) -> np.ndarray:
    """Choose the cheapest unused candidate of each position, in order.

    No patch is chosen twice, and none of infinite cost.

    Args:
        patch_ids: int (n, k), the candidates of each position.
        costs: (n, k); of equal costs, the first is taken.
        used: Patches that must not be chosen.

    Returns:
        int64 (n,) indices of the chosen candidates, -1 for none.
    """
    taken = set(used)
    chosen = np.full(len(patch_ids), -1, dtype=np.int64)
    orders = np.argsort(costs, axis=1, kind='stable')
    for row, order in enumerate(orders.tolist()):
        ids = patch_ids[row].tolist()
        is_possible = np.isfinite(costs[row]).tolist()
        for column in order:
            if not is_possible[column]:
                break
            if ids[column] not in taken:
                chosen[row] = column
                taken.add(ids[column])
                break
    return chosen
