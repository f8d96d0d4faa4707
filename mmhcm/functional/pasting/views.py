"""View of an image, estimated from the shapes of its objects.

Seen from straight above, people are as high as wide, and cars have any
orientation.
"""

import numpy as np

# Weight of the prior mean of 0, in objects: few objects are weak evidence.
_PRIOR = 3.0


def log_aspects_of(wh: np.ndarray) -> np.ndarray:
    """Compute log(height / width) (n,) of widths and heights (n, 2).

    Examples:
        >>> log_aspects_of([[10, 20], [20, 10], [15, 15]]).round(2)
        array([ 0.69, -0.69,  0.  ])
    """
    wh = np.asarray(wh, dtype=np.float64).reshape(-1, 2)
    return np.log(wh[:, 1]) - np.log(wh[:, 0])


def aspect_sums(
    labels: np.ndarray, log_aspects: np.ndarray, num_classes: int
) -> np.ndarray:
    """Count objects and sum their log aspects by class.

    Args:
        labels: int (n,).
        log_aspects: (n,).
        num_classes: Number of classes c.

    Returns:
        float64 (2, c): counts, then sums.

    Examples:
        >>> aspect_sums([0, 0, 2], log_aspects=[0.5, 0.25, -1], num_classes=3)
        array([[ 2.  ,  0.  ,  1.  ],
               [ 0.75,  0.  , -1.  ]])
    """
    counts = np.bincount(labels, minlength=num_classes)
    totals = np.bincount(labels, log_aspects, minlength=num_classes)
    return np.stack([counts, totals]).astype(np.float64)


def mean_aspects(sums: np.ndarray) -> np.ndarray:
    """Compute mean log aspects (c,) of `aspect_sums`; 0 without objects."""
    return sums[1] / np.maximum(sums[0], 1)


def image_views(
    sums: np.ndarray, class_aspects: np.ndarray, families: np.ndarray
) -> np.ndarray:
    """Estimate the views of images from the shapes of each family.

    Args:
        sums: (..., 2, c) from `aspect_sums`, of each image.
        class_aspects: (c,) mean log aspect of each class.
        families: int (c,), from 0.

    Returns:
        (..., f), the mean over the image's objects of the log aspect minus the
        mean of the class, shrunk towards 0 for few objects.
    """
    members = np.eye(int(np.max(families, initial=0)) + 1)[families]  # (c, f)
    counts, totals = sums[..., 0, :], sums[..., 1, :]
    excess = (totals - counts * class_aspects) @ members
    return excess / (counts @ members + _PRIOR)
