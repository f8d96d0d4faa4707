"""Head of RefineDet: anchor refinement, then object detection."""

from typing import Any

import torch
from mmdet.models.dense_heads.base_dense_head import BaseDenseHead
from mmdet.registry import MODELS
from mmengine.structures import InstanceData
from torch import Tensor

from .anchor_refinement_head import AnchorRefinementHead
from .refined_ssd_head import RefinedSSDHead


@MODELS.register_module()
class RefineDetHead(BaseDenseHead):
    """Two SSD heads, the second on the anchors that the first has moved.

    The anchor refinement module separates objects from background and moves
    the anchors; the object detection module predicts classes and boxes
    relative to the moved anchors. Anchors of low objectness are left out: as
    negatives in training, and with all scores in the test (section 3.2).

    Args:
        num_classes (int): Number of classes.
        arm_channels (tuple[int, ...]): Channels of the maps for refinement.
            Defaults to (512, 512, 1024, 512).
        odm_channels (tuple[int, ...]): Channels of the maps for detection.
            Defaults to (256, 256, 256, 256).
        objectness_thr (float): Lowest objectness of an anchor that is not
            left out; the paper's background probability of 0.99 is 0.01
            here. Defaults to 0.01.
        train_cfg (dict, optional): As in ``SSDHead``, for both modules.
        test_cfg (dict, optional): ``score_thr``, ``nms_pre`` (boxes of each
            class before suppression), ``nms``, ``max_per_img``.
        kwargs: Other arguments of ``SSDHead``, for both modules.
    """

    def __init__(
        self,
        num_classes: int,
        arm_channels: tuple[int, ...] = (512, 512, 1024, 512),
        odm_channels: tuple[int, ...] = (256, 256, 256, 256),
        objectness_thr: float = 0.01,
        train_cfg: dict | None = None,
        test_cfg: dict | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.objectness_thr = objectness_thr
        self.test_cfg = test_cfg
        common = {'train_cfg': train_cfg, 'test_cfg': test_cfg, **kwargs}
        self.arm = AnchorRefinementHead(in_channels=arm_channels, **common)
        self.odm = RefinedSSDHead(
            objectness_thr,
            num_classes=num_classes,
            in_channels=odm_channels,
            **common,
        )

    def forward(self, x: tuple[Tensor, ...]) -> tuple[list[Tensor], ...]:
        """Predict scores and offsets of both modules.

        Args:
            x: Maps for refinement, then as many for detection.

        Returns:
            For each level, scores (B, 3 * 2, H, W) and offsets (B, 3 * 4, H,
            W) of the refinement, then scores (B, 3 * (K + 1), H, W) and
            offsets of the detection.
        """
        num_levels = len(x) // 2
        return (*self.arm(x[:num_levels]), *self.odm(x[num_levels:]))

    def loss_by_feat(
        self,
        arm_scores: list[Tensor],
        arm_offsets: list[Tensor],
        odm_scores: list[Tensor],
        odm_offsets: list[Tensor],
        batch_gt_instances: list[InstanceData],
        batch_img_metas: list[dict],
        batch_gt_instances_ignore: list[InstanceData] | None = None,
    ) -> dict:
        """Compute the losses of both modules, of equal weight."""
        objects = [
            InstanceData(bboxes=gt.bboxes, labels=torch.zeros_like(gt.labels))
            for gt in batch_gt_instances
        ]
        others = (batch_img_metas, batch_gt_instances_ignore)
        losses = self.arm.loss_by_feat(
            arm_scores, arm_offsets, objects, *others
        )
        losses = {f'arm_{name}': value for name, value in losses.items()}
        anchors, objectness = self.refine(arm_scores, arm_offsets)
        return losses | self.odm.loss_on(
            [list(levels) for levels in zip(*anchors, strict=True)],
            objectness,
            odm_scores,
            odm_offsets,
            batch_gt_instances,
            *others,
        )

    @torch.no_grad()
    def refine(
        self, arm_scores: list[Tensor], arm_offsets: list[Tensor]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Move the anchors, and compute their objectness; no gradients.

        Returns:
            For each level, anchors (B, n, 4) xyxy in input pixels, and
            objectness (B, n).
        """
        levels = self.arm.prior_generator.grid_priors(
            [scores.shape[-2:] for scores in arm_scores],
            dtype=arm_scores[0].dtype,
            device=arm_scores[0].device,
        )
        anchors = [
            self._decode(priors, _rows(offsets, 4))
            for priors, offsets in zip(levels, arm_offsets, strict=True)
        ]
        # The last class is the background.
        return anchors, [
            _rows(scores, 2).softmax(dim=-1)[..., 0] for scores in arm_scores
        ]

    def _decode(self, priors: Tensor, offsets: Tensor) -> Tensor:
        """Move anchors (n, 4) by the offsets (B, n, 4) of each image."""
        repeated = priors.expand_as(offsets).reshape(-1, 4)
        moved = self.arm.bbox_coder.decode(repeated, offsets.reshape(-1, 4))
        return moved.view_as(offsets)

    def predict_by_feat(
        self,
        arm_scores: list[Tensor],
        arm_offsets: list[Tensor],
        odm_scores: list[Tensor],
        odm_offsets: list[Tensor],
        batch_img_metas: list[dict],
        cfg: Any = None,
        rescale: bool = False,
        with_nms: bool = True,
    ) -> list[InstanceData]:
        """Decode the boxes twice, and select the detections of each image."""
        cfg = self.test_cfg if cfg is None else cfg
        anchors, objectness = (
            torch.cat(levels, 1)
            for levels in self.refine(arm_scores, arm_offsets)
        )
        num_outputs = self.num_classes + 1
        scores = torch.cat([_rows(s, num_outputs) for s in odm_scores], 1)
        scores = scores.softmax(dim=-1)[..., :-1]
        scores[objectness < self.objectness_thr] = 0
        offsets = torch.cat([_rows(item, 4) for item in odm_offsets], 1)
        return [
            self._bbox_post_process(
                _select(
                    self.odm.bbox_coder.decode(
                        anchors[ind], offsets[ind], max_shape=meta['img_shape']
                    ),
                    scores[ind],
                    cfg,
                ),
                cfg,
                rescale,
                with_nms,
                meta,
            )
            for ind, meta in enumerate(batch_img_metas)
        ]


def _rows(feat: Tensor, num: int) -> Tensor:
    """Reshape predictions (B, 3 * num, H, W) to (B, n, num)."""
    return feat.permute(0, 2, 3, 1).reshape(len(feat), -1, num)


def _select(bboxes: Tensor, scores: Tensor, cfg: Any) -> InstanceData:
    """Select the best boxes (n, 4) of each class by scores (n, K)."""
    num = min(cfg['nms_pre'], len(scores))
    best, inds = scores.topk(num, dim=0)  # (num, K)
    keep = best > cfg['score_thr']
    labels = torch.arange(scores.shape[1], device=scores.device)
    return InstanceData(
        bboxes=bboxes[inds[keep]],
        scores=best[keep],
        labels=labels.expand_as(inds)[keep],
    )
