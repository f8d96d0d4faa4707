"""The view that an image was taken from, as the shapes of its objects.

Seen from straight above, people are as high as wide, and cars lie every way.
"""

import numpy as np

# Objects that an image's mean is mixed with: few objects say little.
_PRIOR = 3.0


def log_aspects_of(wh: np.ndarray) -> np.ndarray:
    """Log height / width (n,) of widths and heights (n, 2).

    Examples:
        >>> log_aspects_of([[10, 20], [20, 10], [15, 15]]).round(2)
        array([ 0.69, -0.69,  0.  ])
    """
    wh = np.asarray(wh, dtype=np.float64).reshape(-1, 2)
    return np.log(wh[:, 1]) - np.log(wh[:, 0])


def aspect_sums(
    labels: np.ndarray, log_aspects: np.ndarray, num_classes: int
) -> np.ndarray:
    """Number of objects and sum of their log aspects by class.

    Args:
        labels: int (n,).
        log_aspects: (n,).
        num_classes: number of classes c.

    Returns:
        float64 (2, c).

    Examples:
        >>> aspect_sums([0, 0, 2], log_aspects=[0.5, 0.25, -1], num_classes=3)
        array([[ 2.  ,  0.  ,  1.  ],
               [ 0.75,  0.  , -1.  ]])
    """
    counts = np.bincount(labels, minlength=num_classes)
    totals = np.bincount(labels, log_aspects, minlength=num_classes)
    return np.stack([counts, totals]).astype(np.float64)


def mean_aspects(sums: np.ndarray) -> np.ndarray:
    """Mean log aspect (c,) of `aspect_sums`; 0 for an absent class."""
    return sums[1] / np.maximum(sums[0], 1)


def image_views(
    sums: np.ndarray, class_aspects: np.ndarray, families: np.ndarray
) -> np.ndarray:
    """View of images: how objects of each family differ from the usual.

    Args:
        sums: (..., 2, c) from `aspect_sums`, of each image.
        class_aspects: (c,) usual log aspect of each class.
        families: int (c,), from 0.

    Returns:
        (..., f), the mean over the image's objects of log aspect minus the
        usual one of the class; few objects count less, none gives 0.
    """
    members = np.eye(int(np.max(families, initial=0)) + 1)[families]  # (c, f)
    counts, totals = sums[..., 0, :], sums[..., 1, :]
    excess = (totals - counts * class_aspects) @ members
    return excess / (counts @ members + _PRIOR)
