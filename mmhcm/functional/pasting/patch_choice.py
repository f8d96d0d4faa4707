"""The patch that fits a place best, of several."""

from dataclasses import dataclass

import numpy as np

from .looks import look_distances
from .views import aspect_sums as sum_aspects
from .views import image_views, log_aspects_of, mean_aspects

# What costs as much as e times the size.
_GREY_LEVELS = 25.0
# Of each unit of log size that is missed.
_MISS_WEIGHT = 10.0


# How much farther from the wanted size than the nearest, in logs.
_MAX_MISS = 0.2


@dataclass(frozen=True)
class PatchTraits:
    """Of each patch of a pool, what tells how well it fits a place.

    Attributes:
        log_aspects: float64 (p,), log height / width of the object minus that
            of its class.
        looks: float32 (p, 4), `looks.ImageLook.around` of the object in its
            source image; None where pixels are not known, and patches are
            chosen by size and shape alone.
        views: float64 (p, f), `views.image_views` of its source image.
        class_aspects: float64 (c,), the usual log height / width.
    """

    log_aspects: np.ndarray
    looks: np.ndarray | None
    views: np.ndarray
    class_aspects: np.ndarray


@dataclass(frozen=True)
class Places:
    """What n places ask of their patches.

    Attributes:
        log_aspects: (n,) as in `PatchTraits`; NaN where nothing is asked.
        looks: (n, 4) of what surrounds the place, None where not known.
        view: (f,) of the canvas.
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
    """Derive the traits of a pool's patches.

    Args:
        pool_wh: (p, 2) object sizes in patch pixels.
        pool_labels: int (p,).
        families: int (c,), family of each class.
        looks: see `PatchTraits`.
        image_inds: int (p,), source image of each patch.
        aspect_sums: (images, 2, c) of all objects of each source image, see
            `views.aspect_sums`. None: views are not known, and the pool's
            objects say which shapes are usual.
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
    """Cost (n, k) of rescaling patches, in units of one log size.

    The sum of how much a patch has to be rescaled, and ten times how far it
    stays from the wanted size; infinite for a patch that stays farther from
    it than the nearest one by a fifth.

    Args:
        log_scales: (n, k) log of wanted size over patch size.
        scale_limits: lowest and highest scale.
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
    """Cost (n, k) of differences in shape, view and look, as log sizes.

    Args:
        patch_ids: int (n, k), the candidates of each place.
        traits: of the pool.
        places: what they ask for.
        max_look: distance of looks from which on the cost is infinite.
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
    """Index of the cheapest candidate (n,) that is not used; -1 for none.

    Places choose in turn, and no patch is chosen twice, nor one of infinite
    cost.

    Args:
        patch_ids: int (n, k).
        costs: (n, k); of equal ones the first is taken.
        used: patches that are not to be chosen.
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
