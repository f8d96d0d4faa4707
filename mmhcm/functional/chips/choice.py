"""Selection of a round's hard chips."""

import numpy as np


def class_weights(numbers: np.ndarray, power: float) -> np.ndarray:
    """Weigh classes by their rarity.

    Args:
        numbers: int (c,), objects of each class.
        power: Exponent; 0 gives equal weights, 1 the inverse of the number.

    Returns:
        float64 (c,), 1 for the most frequent class.

    Examples:
        >>> class_weights(np.array([400, 100, 4]), power=0.5)
        array([ 1.,  2., 10.])
    """
    numbers = np.maximum(np.asarray(numbers, dtype=np.float64), 1)
    return np.asarray((numbers / numbers.max(initial=1)) ** -power)


def choose_chips(
    owners: np.ndarray,
    values: np.ndarray,
    background_scores: np.ndarray,
    *,
    max_per_canvas: int | None = None,
    background_share: float = 1.0,
) -> np.ndarray:
    """Choose the chips of a round by their errors and objects to learn.

    1. In each canvas, the chips with the highest values are kept.
    2. Of the chips with errors on background alone, the chips with the highest
       scores are kept, up to a share of all chips of the round.

    Ties go to the earlier chip.

    Args:
        owners: int (m,), canvas of each chip.
        values: (m,) value of each chip: the chip's errors and objects to
            learn.
        background_scores: (m,) highest score of a chip's errors if all are on
            background; negative for other chips.
        max_per_canvas: Maximum number of chips of a canvas. Defaults to None,
            no limit.
        background_share: Highest share of chips on background alone.
            Defaults to 1, no limit.

    Returns:
        int64 (k,) ascending indices of the chips that are kept.

    Examples:
        >>> choose_chips(
        ...     owners=[0, 0, 0, 1],
        ...     values=[3, 1, 2, 1],
        ...     background_scores=[-1, -1, -1, 0.9],
        ...     max_per_canvas=2,
        ... )
        array([0, 2, 3])
    """
    owners, values = np.asarray(owners), np.asarray(values)
    kept = np.arange(len(owners))
    if max_per_canvas is not None:
        order = np.lexsort((-values, owners))
        starts = np.searchsorted(owners[order], owners[order], 'left')
        kept = np.sort(order[kept - starts < max_per_canvas])
    scores = np.asarray(background_scores)[kept]
    alone = np.flatnonzero(scores >= 0)
    if background_share < 1 and len(alone):
        num_others = len(kept) - len(alone)
        # Rounding errors must not lower a whole number.
        limit = background_share * num_others / (1 - background_share)
        order = np.argsort(-scores[alone], kind='stable')
        kept = np.delete(kept, alone[order[int(limit + 1e-9) :]])
    return kept
