"""Patches of an object pool, found by class and size."""

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
        starts: int (c + 1,), class k holds ``order[starts[k]:starts[k + 1]]``.
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
    """Sort the patches of a pool, so that each plan need not.

    Args:
        pool_wh: (p, 2) object sizes in patch pixels. Objects without area
            are never drawn.
        pool_labels: int (p,).
        num_classes: number of classes c.
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


def pick_any(
    pool: PoolIndex, labels: np.ndarray, picks: np.ndarray
) -> np.ndarray:
    """Patch ids (n,): one of each label, by ``picks`` uniform in [0, 1)."""
    low, high = pool.starts[labels], pool.starts[labels + 1]
    return pool.order[low + (picks * (high - low)).astype(np.int64)]


def pick_near(
    pool: PoolIndex,
    labels: np.ndarray,
    log_sizes: np.ndarray,
    picks: np.ndarray,
    scale_limits: tuple[float, float],
) -> np.ndarray:
    """Patch ids (n,) that reach the wanted sizes within the scale limits.

    Args:
        pool: from `index_pool`.
        labels: (n,), classes that have patches.
        log_sizes: (n,) wanted log sqrt(area).
        picks: (n,) uniform in [0, 1), choose among those in reach. With none
            in reach it is the next larger patch, or the largest of the class.
        scale_limits: smallest and largest wanted size over patch size.
    """
    log_sizes = np.clip(log_sizes, -_LABEL_STEP / 4, _LABEL_STEP / 4)
    keys = labels * _LABEL_STEP + log_sizes
    smallest, largest = np.log(scale_limits)
    low = np.searchsorted(pool.keys, keys - largest, side='left')
    high = np.searchsorted(pool.keys, keys - smallest, side='right')
    inds = low + (picks * (high - low)).astype(np.int64)
    # With an empty range ``low`` is where the size would be sorted in: the
    # next larger patch, unless there is none in the class.
    return pool.order[
        np.clip(inds, pool.starts[labels], pool.starts[labels + 1] - 1)
    ]


def log_sizes_of(wh: np.ndarray) -> np.ndarray:
    """Log sqrt(area) (n,) of widths and heights (n, 2)."""
    return np.log(wh).mean(axis=1)
