"""An assigner for which ignored means neither foreground nor background."""

from typing import Any

import torch
from mmdet.models.task_modules.assigners import AssignResult, MaxIoUAssigner
from mmdet.registry import TASK_UTILS
from mmengine.structures import InstanceData
from torch import Tensor

# Overlaps looked at together, about 1.5 GB with what they are made of. A
# window of a crowd may hold thousands of objects that are too small for it.
_MAX_PAIRS = 1 << 26


@TASK_UTILS.register_module()
class TrueIgnoreAssigner(MaxIoUAssigner):
    """Max-IoU assignment in which valid positives win and ignoring holds.

    MMDetection's ``MaxIoUAssigner`` with ``ignore_iof_thr`` makes every prior
    background when an image has no valid object, and takes the positives
    from a valid object that lies inside an ignored one. Here:

    1. Priors are assigned to the valid objects alone.
    2. Every prior that is not positive and overlaps an ignored object is set
       to -1, so that no sampler draws it, with or without valid objects.

    A prior overlaps an ignored object when at least ``ignore_iof_thr`` of the
    prior lies in it, or when their IoU is at least ``ignore_iou_thr``; the
    second catches priors that are larger than a small ignored object
    (SNIPER ignores anchors at an IoU over 0.3).

    Args:
        ignore_iof_thr (float): Share of a prior that lies in an ignored
            object. Negative switches the test off. Defaults to 0.5.
        ignore_iou_thr (float): IoU of a prior and an ignored object. Negative
            switches the test off. Defaults to 0.3.
        kwargs: The other arguments of ``MaxIoUAssigner``.

    Raises:
        ValueError: ``ignore_wrt_candidates`` is False; the share is always
            that of the prior.
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
        """Assign valid objects to priors, then ignore around ignored ones.

        Args:
            pred_instances: ``priors`` (n, 4), network-input pixels.
            gt_instances: ``bboxes`` (k, 4) and ``labels`` (k,) of the valid
                objects.
            gt_instances_ignore: ``bboxes`` (m, 4) of the ignored ones.
            kwargs: Passed to ``MaxIoUAssigner.assign``.

        Returns:
            The assignment: 0 background, -1 neither, i + 1 for object i.
        """
        result = super().assign(pred_instances, gt_instances, None, **kwargs)
        if gt_instances_ignore is None or len(gt_instances_ignore) == 0:
            return result
        priors = pred_instances.priors
        ignored_bboxes = gt_instances_ignore.bboxes
        if len(priors) == 0:
            return result

        ignored = torch.zeros(
            len(priors), dtype=torch.bool, device=result.gt_inds.device
        )
        step = max(1, _MAX_PAIRS // len(priors))
        for start in range(0, len(ignored_bboxes), step):
            some = ignored_bboxes[start : start + step]
            for mode, thr in (
                ('iof', self.ignore_iof_thr),
                ('iou', self.ignore_iou_thr),
            ):
                if thr >= 0:
                    overlaps = self.iou_calculator(
                        priors, some, mode=mode
                    )  # (n, m)
                    best = overlaps.max(dim=1).values
                    found = (best >= thr) & (best > 0)
                    ignored |= found.to(ignored.device)
        ignored &= result.gt_inds <= 0
        result.gt_inds[ignored] = -1
        return result

    def assign_wrt_overlaps(
        self, overlaps: Tensor, gt_labels: Tensor
    ) -> AssignResult:
        """Assign by overlaps, for all objects at once.

        Gives what ``MaxIoUAssigner`` gives, which asks the device about each
        object on its own, and so waits for it hundreds of times in an image.

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
        """Last object, from 1, that a prior fits best; 0 for none: (n,)."""
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
