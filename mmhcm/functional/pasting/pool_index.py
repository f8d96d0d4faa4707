"""Index of an object pool's patches by class and size."""

from dataclasses import dataclass

import numpy as np

# Sorting key of a patch: label * _LABEL_STEP + log size. Log sizes of boxes
# in pixels stay far below half a step.
_LABEL_STEP = 1000.0


@dataclass(frozen=True)
class PoolIndex:
    """Patches sorted by class and size, made once by `index_pool`.

    Attributes:
        order: int (p,), patch ids by class, then by size, then by id.
        keys: float64 (p,), sorting keys in that order.
        starts: int (c + 1,), class k is ``order[starts[k]:starts[k + 1]]``.
        class_log_sizes: float64 (c,), mean log sqrt(area) in patch pixels; NaN
            for a class without patches.
    """

    order: np.ndarray
    keys: np.ndarray
    starts: np.ndarray
    class_log_sizes: np.ndarray


def index_pool(
    pool_wh: np.ndarray, pool_labels: np.ndarray, num_classes: int
) -> PoolIndex:
    """Sort the patches of a pool by class and size, once for all plans.

    Args:
        pool_wh: (p, 2) width and height of the objects, patch pixels. Objects
            without area are never drawn.
        pool_labels: int (p,) classes of the objects.
        num_classes: Number of classes c.

    Examples:
        >>> index = index_pool(
        ...     pool_wh=[[40, 20], [10, 10], [8, 8]],
        ...     pool_labels=[1, 0, 0],
        ...     num_classes=2,
        ... )
        >>> index.order
        array([2, 1, 0])
        >>> np.exp(index.class_log_sizes).round(1)
        array([ 8.9, 28.3])
    """
    pool_wh = np.asarray(pool_wh, dtype=np.float64).reshape(-1, 2)
    labels = np.asarray(pool_labels, dtype=np.int64).reshape(-1)
    usable = np.flatnonzero(pool_wh.min(axis=1, initial=np.inf) > 0)
    log_sizes = log_sizes_of(pool_wh[usable])
    keys = labels[usable] * _LABEL_STEP + log_sizes
    order = np.argsort(keys, kind='stable')
    counts = np.bincount(labels[usable], minlength=num_classes)
    sums = np.bincount(labels[usable], log_sizes, minlength=num_classes)
    means = np.full(num_classes, np.nan)
    np.divide(sums, counts, out=means, where=counts > 0)
    return PoolIndex(
        order=usable[order],
        keys=keys[order],
        starts=np.concatenate([[0], np.cumsum(counts)]),
        class_log_sizes=means,
    )


def thin_index(
    pool: PoolIndex,
    share: float,
    at_least: np.ndarray,
    rng: np.random.Generator,
) -> PoolIndex:
    """Draw some patches of each class, evenly over its sizes.

    All patches of a class are equally likely.

    Args:
        pool: Result of `index_pool`.
        share: Share of the patches of each class, rounded up.
        at_least: int (c,), least number of patches of each class, as far as
            the class has them.
        rng: Source of the draws.
    """
    counts = np.diff(pool.starts)
    wanted = np.ceil(share * counts).astype(np.int64)
    kept = np.minimum(np.maximum(wanted, at_least), counts)
    starts = np.concatenate([[0], np.cumsum(kept)])
    labels = np.repeat(np.arange(len(counts)), kept)
    ranks = np.arange(starts[-1]) - starts[labels]
    shares = (ranks + rng.random(len(counts))[labels]) / kept[labels]
    inds = np.minimum(shares * counts[labels], counts[labels] - 1)
    inds = pool.starts[labels] + inds.astype(np.int64)
    return PoolIndex(
        order=pool.order[inds],
        keys=pool.keys[inds],
        starts=starts,
        class_log_sizes=pool.class_log_sizes,
    )


def pick_any(
    pool: PoolIndex, labels: np.ndarray, picks: np.ndarray, num: int
) -> np.ndarray:
    """Pick patch ids (n, k) of each label, spread over its patches.

    Args:
        pool: Result of `index_pool`.
        labels: (n,), classes that have patches.
        picks: (n,) uniform in [0, 1).
        num: Candidates k for each label, all different if the class has at
            least k patches.
    """
    low, high = pool.starts[labels], pool.starts[labels + 1]
    return pool.order[_spread(low, high, picks, num)]


def pick_near(
    pool: PoolIndex,
    labels: np.ndarray,
    log_sizes: np.ndarray,
    picks: np.ndarray,
    scale_limits: tuple[float, float],
    num: int,
) -> np.ndarray:
    """Pick patch ids (n, k) that reach the wanted sizes within the limits.

    Args:
        pool: Result of `index_pool`.
        labels: (n,), classes that have patches.
        log_sizes: (n,) wanted log sqrt(area).
        picks: (n,) uniform in [0, 1), choose among the patches in reach. With
            fewer than k patches in reach, the next patches of the class in
            size are taken too.
        scale_limits: Smallest and largest wanted size over patch size.
        num: Candidates k, all different if the class has at least k patches.
    """
    most = _LABEL_STEP / 4
    log_sizes = np.minimum(np.maximum(log_sizes, -most), most)
    keys = labels * _LABEL_STEP + log_sizes
    smallest, largest = np.log(scale_limits)
    start, end = pool.starts[labels], pool.starts[labels + 1]
    low = np.searchsorted(pool.keys, keys - largest, side='left')
    high = np.searchsorted(pool.keys, keys - smallest, side='right')
    missing = np.maximum(num - (high - low), 0)
    last = np.maximum(end - num, start)
    low = np.minimum(np.maximum(low - missing // 2, start), last)
    high = np.minimum(np.maximum(high, low + num), end)
    return pool.order[_spread(low, high, picks, num)]


def _spread(
    low: np.ndarray, high: np.ndarray, picks: np.ndarray, num: int
) -> np.ndarray:
    """Spread indices (n, k) evenly in [low, high), starting at picks."""
    shares = (picks[:, None] + np.arange(num) / num) % 1.0
    inds = low[:, None] + (shares * (high - low)[:, None]).astype(np.int64)
    return np.minimum(inds, high[:, None] - 1)


def log_sizes_of(wh: np.ndarray) -> np.ndarray:
    """Compute log sqrt(area) (...) of widths and heights (..., 2)."""
    return np.log(wh).mean(axis=-1)
