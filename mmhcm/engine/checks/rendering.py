"""Stages of a sample in a pipeline, and comparison of their pixels."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from mmhcm.datasets import seeded_globals
from mmhcm.functional.boxes import as_bboxes
from mmhcm.structures.instances import instance_arrays

_STREAM = 6
#: Smallest share of the strongest change that counts as a change.
_CHANGED = 0.25
#: Largest share of changed pixels that may be outside all boxes.
_MAX_OUTSIDE = 0.3
#: Pixels by which boxes grow, for the blur of resizing.
_MARGIN = 2


class StepError(ValueError):
    """Error of a transform.

    Attributes:
        index: Index of the transform.
    """

    def __init__(self, index: int, error: Exception) -> None:
        self.index = index
        name = f'{type(error).__name__}: ' * (not isinstance(error, OSError))
        super().__init__(f'{name}{error}')


@dataclass(frozen=True)
class Stage:
    """Image and boxes of a sample after a transform.

    Attributes:
        index: Index of the transform.
        img: (h, w, c).
        bboxes: float32 (n, 4), pixels of ``img``.
        learned: bool (n,), boxes that are not ignored.
        has_targets: True if the boxes are the sample's, False if they are the
            whole image's.
    """

    index: int
    img: np.ndarray
    bboxes: np.ndarray
    learned: np.ndarray
    has_targets: bool


def render(
    transforms: Sequence[Any], info: dict, seed: int
) -> tuple[list[Stage], dict | None]:
    """Run copies of transforms on a data info.

    Args:
        transforms: Transforms of a pipeline; copied, because some transforms
            keep samples.
        info: The data info; modified in place.
        seed: Seed of all random draws.

    Returns:
        The stages that have an image, and the result of the last transform.

    Raises:
        StepError: a transform fails.
    """
    stages: list[Stage] = []
    results: dict | None = info
    with seeded_globals(_STREAM, seed):
        for index, transform in enumerate(copy.deepcopy(list(transforms))):
            try:
                results = transform(results)
            # A custom transform may raise any exception.
            except Exception as error:
                raise StepError(index, error) from error
            if results is None:
                break
            if isinstance(results.get('img'), np.ndarray):
                stages.append(_stage(index, results))
    return stages, results


def changed_pixels(left: Stage, right: Stage) -> np.ndarray | None:
    """Mark the pixels (h, w) that differ; None if the sizes differ."""
    if left.img.shape != right.img.shape:
        return None
    difference = cv2.absdiff(left.img, right.img)
    if difference.ndim == 3:
        difference = difference.max(axis=2)
    strongest = float(difference.max(initial=0))
    return np.asarray(difference > max(_CHANGED * strongest, 1e-6))


def change(left: Stage, right: Stage) -> float:
    """Return the largest change of a pixel; infinite if the sizes differ."""
    if left.img.shape != right.img.shape:
        return float('inf')
    return float(cv2.absdiff(left.img, right.img).max(initial=0))


def lie_in_boxes(changed: np.ndarray, bboxes: np.ndarray) -> bool:
    """Test whether nearly all changed pixels (h, w) are in boxes (n, 4)."""
    height, width = changed.shape
    outside = changed.copy()
    for x1, y1, x2, y2 in np.asarray(bboxes, dtype=np.float64):
        left, top = max(int(x1) - _MARGIN, 0), max(int(y1) - _MARGIN, 0)
        right = min(int(np.ceil(x2)) + _MARGIN, width)
        bottom = min(int(np.ceil(y2)) + _MARGIN, height)
        outside[top:bottom, left:right] = False
    return int(outside.sum()) <= _MAX_OUTSIDE * int(changed.sum())


def _stage(index: int, results: dict) -> Stage:
    has_targets = 'gt_bboxes' in results
    if has_targets:
        boxes: Any = results['gt_bboxes']
        values = boxes.numpy() if hasattr(boxes, 'numpy') else boxes
        # Later transforms may change the boxes in place.
        bboxes = as_bboxes(values).copy()
        flags = results.get('gt_ignore_flags', np.zeros(len(bboxes)))
        ignored = np.asarray(flags, dtype=bool)
    else:
        bboxes, ignored = instance_arrays(results.get('instances', []))
    return Stage(index, results['img'].copy(), bboxes, ~ignored, has_targets)
