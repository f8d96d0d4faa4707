"""Assigner that keeps ignored objects out of foreground and background."""

from typing import Any

import torch
from mmdet.models.task_modules.assigners import AssignResult, MaxIoUAssigner
from mmdet.registry import TASK_UTILS
from mmengine.structures import InstanceData
from torch import Tensor

from .ignored_boxes import find_ignored


@TASK_UTILS.register_module()
class TrueIgnoreAssigner(MaxIoUAssigner):
    """Max-IoU assigner in which positives override ignored objects.

    MMDetection's ``MaxIoUAssigner`` with ``ignore_iof_thr`` sets every prior
    to background if an image has no valid object, and removes the positives
    of a valid object inside an ignored object. ``TrueIgnoreAssigner`` instead
    works in two steps:

    1. Priors are assigned to valid objects alone.
    2. Every prior that is not positive and overlaps an ignored object is set
       to -1, with or without valid objects, so that no sampler draws it.

    A prior overlaps an ignored object if at least ``ignore_iof_thr`` of the
    prior lies inside the object, or if their IoU is at least
    ``ignore_iou_thr``. The second condition covers priors that are larger than
    a small ignored object (SNIPER ignores anchors at an IoU above 0.3).

    Args:
        ignore_iof_thr (float): Smallest share of a prior inside an ignored
            object. A negative value disables the test. Defaults to 0.5.
        ignore_iou_thr (float): Smallest IoU of a prior and an ignored object.
            A negative value disables the test. Defaults to 0.3.
        kwargs: The other arguments of ``MaxIoUAssigner``.

    Raises:
        ValueError: If ``ignore_wrt_candidates`` is False, because the share
            is always a share of the prior.
    """

    def __init__(
        self,
        *args: Any,
        ignore_iof_thr: float = 0.5,
        ignore_iou_thr: float = 0.3,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        if not self.ignore_wrt_candidates:
            raise ValueError(
                'ignore_wrt_candidates must be True, got False: ignoring '
                'goes by the share of the prior'
            )
        self.ignore_iof_thr = ignore_iof_thr
        self.ignore_iou_thr = ignore_iou_thr

    def assign(
        self,
        pred_instances: InstanceData,
        gt_instances: InstanceData,
        gt_instances_ignore: InstanceData | None = None,
        **kwargs: Any,
    ) -> AssignResult:
        """Assign valid objects to priors, then mark priors to ignore.

        Args:
            pred_instances: ``priors`` (n, 4), network-input pixels.
            gt_instances: ``bboxes`` (k, 4) and ``labels`` (k,) of the valid
                objects.
            gt_instances_ignore: ``bboxes`` (m, 4) of the ignored objects.
            kwargs: Passed to ``MaxIoUAssigner.assign``.

        Returns:
            The assignment: 0 for background, i + 1 for object i, and -1 for
            neither foreground nor background.
        """
        result = super().assign(pred_instances, gt_instances, None, **kwargs)
        if gt_instances_ignore is None or len(gt_instances_ignore) == 0:
            return result
        ignored = find_ignored(
            pred_instances.priors,
            gt_instances_ignore.bboxes,
            self.ignore_iof_thr,
            self.ignore_iou_thr,
            self.iou_calculator,
        ).to(result.gt_inds.device)
        result.gt_inds[ignored & (result.gt_inds <= 0)] = -1
        return result

    def assign_wrt_overlaps(
        self, overlaps: Tensor, gt_labels: Tensor
    ) -> AssignResult:
        """Assign objects to priors by overlaps, for all objects at once.

        The result equals that of ``MaxIoUAssigner``, which loops over objects
        and synchronises with the device hundreds of times in an image.

        Args:
            overlaps: (k, n) of objects and priors.
            gt_labels: (k,).
        """
        num_gts, num_priors = overlaps.shape
        if num_gts == 0 or num_priors == 0:
            return super().assign_wrt_overlaps(overlaps, gt_labels)
        max_overlaps, argmax_overlaps = overlaps.max(dim=0)
        gt_inds = torch.full_like(argmax_overlaps, -1)
        low, high = (
            self.neg_iou_thr
            if isinstance(self.neg_iou_thr, tuple)
            else (0, self.neg_iou_thr)
        )
        gt_inds.masked_fill_((max_overlaps >= low) & (max_overlaps < high), 0)
        gt_inds = torch.where(
            max_overlaps >= self.pos_iou_thr, argmax_overlaps + 1, gt_inds
        )
        if self.match_low_quality:
            best = self._best_objects(overlaps)
            gt_inds = torch.where(best > 0, best, gt_inds)
        labels = torch.where(
            gt_inds > 0, gt_labels[(gt_inds - 1).clamp(0)], -1
        )
        return AssignResult(num_gts, gt_inds, max_overlaps, labels)

    def _best_objects(self, overlaps: Tensor) -> Tensor:
        """Match objects to their best priors: object numbers (n,) of priors.

        Objects are numbered from 1. A prior that is the best prior of several
        objects gets the last object, and of no object 0.
        """
        gt_max_overlaps, gt_argmax_overlaps = overlaps.max(dim=1)
        enough = gt_max_overlaps >= self.min_pos_iou
        if self.gt_max_assign_all:
            wanted = torch.where(enough, gt_max_overlaps, torch.inf)
            gts, priors = (overlaps == wanted[:, None]).nonzero(as_tuple=True)
        else:
            gts = torch.where(enough)[0]
            priors = gt_argmax_overlaps[gts]
        best = gts.new_zeros(overlaps.shape[1])
        return best.scatter_reduce(0, priors, gts + 1, reduce='amax')
