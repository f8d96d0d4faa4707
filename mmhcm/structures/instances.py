"""Instances of data sets, as arrays."""

from collections.abc import Sequence

import numpy as np

from mmhcm.functional.boxes import as_bboxes


def instance_arrays(
    instances: Sequence[dict],
) -> tuple[np.ndarray, np.ndarray]:
    """Boxes (n, 4), source pixels, and which of them are ignored (n,)."""
    bboxes = as_bboxes([instance['bbox'] for instance in instances])
    ignored = np.array(
        [bool(instance['ignore_flag']) for instance in instances], dtype=bool
    )
    return bboxes, ignored
