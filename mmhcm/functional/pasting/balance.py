"""Class balance of pasted objects (paper section 3.3)."""

import numpy as np


def instance_counts(labels: np.ndarray, num_classes: int) -> np.ndarray:
    """Number of instances of each class, int64 (num_classes,).

    Raises:
        ValueError: a label is not in [0, num_classes).
    """
    labels = np.asarray(labels, dtype=np.int64).reshape(-1)
    if len(labels) and not 0 <= labels.min() <= labels.max() < num_classes:
        raise ValueError(
            f'labels must be in [0, {num_classes}), got '
            f'{labels.min()} to {labels.max()}'
        )
    return np.bincount(labels, minlength=num_classes).astype(np.int64)


def class_weights(counts: np.ndarray, power: float = 1.0) -> np.ndarray:
    """Probability (c,) to draw each class: proportional to counts ** -power.

    Args:
        counts: instances per class (c,).
        power: 0 draws all classes alike, 1 makes a class with half the
            instances twice as likely, larger values prefer rare ones more.

    Returns:
        float64 (c,) that sums to 1, with 0 for classes without instances;
        all 0 when there are no instances at all.

    Raises:
        ValueError: a count is negative, or ``power`` is not finite.
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
        # The largest weight is 1 before the division: no power overflows.
        weights[present] = np.exp(logits - logits.max())
        weights /= weights.sum()
    return weights


def sample_classes(
    counts: np.ndarray,
    num: int,
    *,
    power: float = 1.0,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw ``num`` labels, int64 (num,), with the odds of `class_weights`.

    Raises:
        ValueError: ``num`` is positive but no class has instances.
    """
    weights = class_weights(counts, power)
    if num == 0:
        return np.zeros(0, dtype=np.int64)
    if not weights.any():
        raise ValueError(f'cannot draw {num} labels: no class has instances')
    return rng.choice(len(weights), size=num, p=weights).astype(np.int64)
