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


def capped_weights(
    weights: np.ndarray, caps: np.ndarray
) -> tuple[np.ndarray, float]:
    """Lower the weights that are above their caps, and raise the others.

    Args:
        weights: (c,) probability to draw each class, see `class_weights`.
        caps: (c,) highest probability of each. What a capped class gives up
            goes to the others, in proportion to their weights.

    Returns:
        Probabilities, float64 (c,), all 0 or with sum 1, and the share of
        draws that can be made at all: below 1 where the caps of all classes
        with weight sum up to less.
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
    """Highest probability (c,) of each class that spares its patches.

    Args:
        patches: (c,) patches of each class in the pool.
        num_canvases: canvases of a round.
        num_pastes: objects drawn for each.
        max_uses: uses of a patch in the round that the mean over the patches
            of a class may reach. No patch is used twice in one canvas, so
            that it is the number of canvases at most.
    """
    uses = min(max_uses / num_canvases, 1.0)
    return np.asarray(patches, dtype=np.float64) * uses / num_pastes
