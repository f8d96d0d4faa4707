"""Boxes on ignored objects."""

from collections.abc import Callable

import torch
from mmdet.models.task_modules.assigners import BboxOverlaps2D
from torch import Tensor

# Pairs in memory at once, about 1.5 GB with intermediate results. A window of
# a crowd may hold thousands of objects that are too small for its scale.
_MAX_PAIRS = 1 << 26


def find_ignored(
    bboxes: Tensor,
    ignored_bboxes: Tensor,
    iof_thr: float = 0.5,
    iou_thr: float = 0.3,
    calculator: Callable[..., Tensor] | None = None,
) -> Tensor:
    """Find the boxes that overlap an ignored object.

    Args:
        bboxes: (n, 4) xyxy.
        ignored_bboxes: (m, 4) xyxy of the ignored objects, same pixels.
        iof_thr: Smallest share of a box inside an ignored object. A negative
            value disables the test. Defaults to 0.5.
        iou_thr: Smallest IoU with an ignored object. A negative value
            disables the test. Defaults to 0.3.
        calculator: Calculator of overlaps in the modes 'iof' and 'iou'.
            Defaults to None: ``BboxOverlaps2D``.

    Returns:
        bool (n,).
    """
    overlap = calculator or BboxOverlaps2D()
    found = torch.zeros(len(bboxes), dtype=torch.bool, device=bboxes.device)
    if not len(bboxes) or not len(ignored_bboxes):
        return found
    step = max(1, _MAX_PAIRS // len(bboxes))
    for some in ignored_bboxes.split(step):
        for mode, thr in (('iof', iof_thr), ('iou', iou_thr)):
            if thr >= 0:
                best = overlap(bboxes, some, mode=mode).amax(dim=1)  # (n,)
                found |= ((best >= thr) & (best > 0)).to(found.device)
    return found
