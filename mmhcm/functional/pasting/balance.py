"""Class balance of pasted objects (paper section 3.3)."""

import numpy as np


def instance_counts(labels: np.ndarray, num_classes: int) -> np.ndarray:
    """Count the instances of each class: int64 (num_classes,).

    Raises:
        ValueError: If a label is not in [0, num_classes).

    Examples:
        >>> instance_counts([0, 2, 2], num_classes=4)
        array([1, 0, 2, 0])
    """
    labels = np.asarray(labels, dtype=np.int64).reshape(-1)
    if len(labels) and not 0 <= labels.min() <= labels.max() < num_classes:
        raise ValueError(
            f'labels must be in [0, {num_classes}), got '
            f'{labels.min()} to {labels.max()}'
        )
    return np.bincount(labels, minlength=num_classes).astype(np.int64)


def class_weights(counts: np.ndarray, power: float = 1.0) -> np.ndarray:
    """Compute class probabilities (c,) proportional to counts ** -power.

    Args:
        counts: (c,) instances of each class.
        power: Exponent. 0 gives equal probabilities; with 1 a class with half
            the instances is twice as likely. Defaults to 1.

    Returns:
        float64 (c,) with sum 1, and 0 for classes without instances. All 0 if
        there are no instances at all.

    Raises:
        ValueError: If a count is negative, or ``power`` is not finite.

    Examples:
        >>> class_weights([300, 100, 0])
        array([0.25, 0.75, 0.  ])
        >>> class_weights([300, 100, 0], power=0)
        array([0.5, 0.5, 0. ])
    """
    counts = np.asarray(counts, dtype=np.float64).reshape(-1)
    if (counts < 0).any() or not np.isfinite(counts).all():
        raise ValueError(f'counts must be 0 or more, got {counts.tolist()}')
    if not np.isfinite(power):
        raise ValueError(f'power must be finite, got {power}')
    weights = np.zeros(len(counts))
    present = counts > 0
    if present.any():
        logits = -power * np.log(counts[present])
        # The largest weight is 1 before the division, so no power overflows.
        weights[present] = np.exp(logits - logits.max())
        weights /= weights.sum()
    return weights


def capped_weights(
    weights: np.ndarray, caps: np.ndarray
) -> tuple[np.ndarray, float]:
    """Cap class probabilities and distribute the rest to the other classes.

    Args:
        weights: (c,) probability of each class, see `class_weights`.
        caps: (c,) highest probability of each class. The excess of a capped
            class goes to the other classes, in proportion to their weights.

    Returns:
        Probabilities, float64 (c,), all 0 or with sum 1, and the share of
        draws that can be made: below 1 if the caps of the classes with weight
        sum to less than 1.

    Examples:
        >>> capped_weights([0.2, 0.8], caps=[1.0, 0.5])
        (array([0.5, 0.5]), 1.0)
        >>> capped_weights([0.2, 0.8], caps=[0.2, 0.2])
        (array([0.5, 0.5]), 0.4)
    """
    weights = np.asarray(weights, dtype=np.float64)
    caps = np.where(weights > 0, np.asarray(caps, dtype=np.float64), 0)
    if caps.sum() <= 1:
        share = float(caps.sum())
        return (caps / share if share > 0 else caps), share
    is_capped = np.zeros(len(weights), dtype=bool)
    while True:
        rest = 1 - caps[is_capped].sum()
        open_weights = np.where(is_capped, 0, weights)
        probs = np.where(
            is_capped, caps, rest * open_weights / open_weights.sum()
        )
        over = probs > caps
        if not over.any():
            return probs, 1.0
        is_capped |= over


def use_caps(
    patches: np.ndarray, num_canvases: int, num_pastes: int, max_uses: float
) -> np.ndarray:
    """Compute class probabilities (c,) that limit the uses of patches.

    Args:
        patches: (c,) patches of each class in the pool.
        num_canvases: Canvases of a round.
        num_pastes: Objects drawn for each canvas.
        max_uses: Limit on the mean number of uses of a class' patches in the
            round. Values above ``num_canvases`` have no further effect,
            because no patch is used twice in one canvas.

    Returns:
        float64 (c,), the highest probability of each class.

    Examples:
        >>> use_caps([10, 400], num_canvases=100, num_pastes=5, max_uses=15)
        array([ 0.3, 12. ])
    """
    uses = min(max_uses / num_canvases, 1.0)
    return np.asarray(patches, dtype=np.float64) * uses / num_pastes
