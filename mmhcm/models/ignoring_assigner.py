"""Wrapper that adds ignored objects to any assigner."""

from typing import Any

import torch
from mmdet.models.task_modules.assigners import AssignResult, BaseAssigner
from mmdet.registry import TASK_UTILS
from mmengine.structures import InstanceData

from .ignored_boxes import find_ignored


@TASK_UTILS.register_module()
class IgnoringAssigner(BaseAssigner):
    """Wrapper of an assigner that keeps ignored objects out of background.

    Prediction-based assigners, such as RTMDet's and TOOD's, do not support
    ignored objects. The wrapper passes only the valid objects to the assigner.
    Every prior that is not positive is then set to -1, neither foreground nor
    background, if the prior's predicted box overlaps an ignored object as in
    ``TrueIgnoreAssigner``, or its point is inside an ignored object. The head
    must leave out priors with -1, as MMDetection's heads with a
    ``PseudoSampler`` do.

    Args:
        assigner (dict): The wrapped assigner.
        ignore_iof_thr (float): See ``TrueIgnoreAssigner``. Defaults to 0.5.
        ignore_iou_thr (float): See ``TrueIgnoreAssigner``. Defaults to 0.3.
    """

    def __init__(
        self,
        assigner: dict,
        ignore_iof_thr: float = 0.5,
        ignore_iou_thr: float = 0.3,
    ) -> None:
        self.assigner = TASK_UTILS.build(assigner)
        self.ignore_iof_thr = ignore_iof_thr
        self.ignore_iou_thr = ignore_iou_thr

    def assign(
        self,
        pred_instances: InstanceData,
        gt_instances: InstanceData,
        gt_instances_ignore: InstanceData | None = None,
        **kwargs: Any,
    ) -> AssignResult:
        """Assign valid objects, then mark priors to ignore.

        Args:
            pred_instances: ``bboxes`` (n, 4) xyxy and ``priors`` (n, 2 or 4),
                which begin with the point's x and y, network-input pixels.
            gt_instances: The valid objects.
            gt_instances_ignore: ``bboxes`` (m, 4) of the ignored objects.
            kwargs: Passed to the assigner.
        """
        result = self.assigner.assign(pred_instances, gt_instances, **kwargs)
        if gt_instances_ignore is None or not len(gt_instances_ignore):
            return result
        ignored_bboxes = gt_instances_ignore.bboxes
        points = pred_instances.priors[:, :2]
        ignored = find_ignored(
            pred_instances.bboxes,
            ignored_bboxes,
            self.ignore_iof_thr,
            self.ignore_iou_thr,
        )
        ignored |= _inside_any(points, ignored_bboxes)
        result.gt_inds[ignored & (result.gt_inds <= 0)] = -1
        return result


def _inside_any(points: torch.Tensor, bboxes: torch.Tensor) -> torch.Tensor:
    """Test which points (n, 2) are inside any box (m, 4): bool (n,)."""
    inside = torch.zeros(len(points), dtype=torch.bool, device=points.device)
    for bbox in bboxes:
        inside |= ((points >= bbox[:2]) & (points < bbox[2:])).all(dim=1)
    return inside
