"""Instances of data sets, as arrays."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mmhcm.functional.boxes import as_bboxes


def instance_arrays(
    instances: Sequence[Mapping[str, Any]],
) -> tuple[np.ndarray, np.ndarray]:
    """Return boxes, float32 (n, 4), and their ignore flags, bool (n,)."""
    bboxes = as_bboxes([instance['bbox'] for instance in instances])
    ignored = np.array(
        [bool(instance['ignore_flag']) for instance in instances], dtype=bool
    )
    return bboxes, ignored


def instance_labels(instances: Sequence[Mapping[str, Any]]) -> np.ndarray:
    """Return the labels of instances, int64 (n,)."""
    labels = [instance['bbox_label'] for instance in instances]
    return np.array(labels, dtype=np.int64)
