"""Head of RRNet: centres of objects, then a second regression."""

from typing import Any

import torch
from mmcv.ops import batched_nms
from mmdet.models.dense_heads.base_dense_head import BaseDenseHead
from mmdet.models.utils import (
    get_topk_from_heatmap,
    transpose_and_gather_feat,
)
from mmdet.registry import MODELS
from mmdet.structures.bbox import bbox2roi, bbox_overlaps
from mmengine.model import ModuleList
from mmengine.structures import InstanceData
from torch import Tensor, nn

from .box_refiner import BoxRefiner, decode, encode
from .center_branch import CenterBranch
from .center_targets import center_targets


@MODELS.register_module()
class RRNetHead(BaseDenseHead):
    """CenterNet's head on each stack, and a second regression on the last.

    1. Every stack predicts a heat map, sizes and offsets.
    2. The highest cells of the last heat map, over all classes and without
       suppression of neighbours, become boxes, thinned by NMS.
    3. The features inside each box correct the box. Classes and scores
       stay those of the heat map.

    Boxes are computed in cells of the feature map, ``stride`` pixels a side.

    Args:
        num_classes (int): Number of classes.
        in_channels (int): Channels of the feature maps. Defaults to 256.
        feat_channels (int): Channels within the heads. Defaults to 256.
        num_stacks (int): Number of feature maps. Defaults to 2.
        stride (int): Pixels of a cell. Defaults to 4.
        num_proposals (int): Cells that become boxes. Defaults to 1500.
        proposal_nms (dict): NMS of these boxes within each class. Defaults to
            ``dict(type='nms', iou_threshold=0.7)``.
        refine_from (int): Iterations before the loss of the second
            regression counts. Defaults to 2000.
        loss_heatmap (dict): Defaults to ``GaussianFocalLoss``.
        loss_size (dict): Defaults to ``L1Loss`` of weight 0.1.
        loss_offset (dict): Defaults to ``L1Loss``.
        loss_refine (dict): Defaults to ``SmoothL1Loss``.
        train_cfg (dict, optional): Not used.
        test_cfg (dict): ``nms`` and ``max_per_img``.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int = 256,
        feat_channels: int = 256,
        num_stacks: int = 2,
        stride: int = 4,
        num_proposals: int = 1500,
        proposal_nms: dict | None = None,
        refine_from: int = 2000,
        loss_heatmap: dict | None = None,
        loss_size: dict | None = None,
        loss_offset: dict | None = None,
        loss_refine: dict | None = None,
        train_cfg: dict | None = None,
        test_cfg: dict | None = None,
    ) -> None:
        super().__init__()
        self.stride = stride
        self.num_proposals = num_proposals
        self.proposal_nms = proposal_nms or {
            'type': 'nms',
            'iou_threshold': 0.7,
        }
        self.refine_from = refine_from
        # MMEngine's class initialises the modules in the list.
        self.branches = ModuleList(
            CenterBranch(in_channels, feat_channels, num_classes)
            for _ in range(num_stacks)
        )
        self.refiner = BoxRefiner(in_channels)
        self.losses = nn.ModuleDict(
            {
                name: MODELS.build(cfg)
                for name, cfg in {
                    'heatmap': loss_heatmap or {'type': 'GaussianFocalLoss'},
                    'size': loss_size
                    or {'type': 'L1Loss', 'loss_weight': 0.1},
                    'offset': loss_offset or {'type': 'L1Loss'},
                    'refine': loss_refine or {'type': 'SmoothL1Loss'},
                }.items()
            }
        )
        self.test_cfg = test_cfg
        # Saved in checkpoints, so that a resumed run continues to count.
        self.register_buffer('num_iters', torch.zeros((), dtype=torch.long))

    def forward(self, x: tuple[Tensor, ...]) -> tuple[list[Tensor], ...]:
        """Predict on the map of each stack; in a test, only of the last stack.

        Returns:
            Heat maps (B, K, H, W), sizes and offsets (B, 2, H, W) of each
            stack, and the last map (B, C, H, W) in a list.
        """
        pairs = list(zip(self.branches, x, strict=True))
        if not self.training:
            pairs = pairs[-1:]
        outs = zip(*(branch(feat) for branch, feat in pairs), strict=True)
        return (*(list(out) for out in outs), [x[-1]])

    def loss_by_feat(
        self,
        heatmaps: list[Tensor],
        sizes: list[Tensor],
        offsets: list[Tensor],
        feats: list[Tensor],
        batch_gt_instances: list[InstanceData],
        batch_img_metas: list[dict],
        batch_gt_instances_ignore: list[InstanceData] | None = None,
    ) -> dict[str, Tensor]:
        """Compute the losses, averaged over the stacks.

        Ignored instances are not used: their pixels must be masked.
        """
        bboxes = [gt.bboxes / self.stride for gt in batch_gt_instances]
        targets = center_targets(
            bboxes,
            [gt.labels for gt in batch_gt_instances],
            heatmaps[0].shape,
        )
        num = targets['weight'][:, 0].sum().clamp(min=1)
        stacks = [
            self._stack_losses(*maps, targets, num)
            for maps in zip(heatmaps, sizes, offsets, strict=True)
        ]
        losses = {
            name: torch.stack([stack[name] for stack in stacks]).mean()
            for name in stacks[0]
        }
        proposals = self.propose(heatmaps[-1], sizes[-1], offsets[-1])
        refine = self._refine_loss(feats[-1], proposals, bboxes)
        losses['loss_refine'] = refine * (self.num_iters >= self.refine_from)
        self.num_iters += 1
        return losses

    def _stack_losses(
        self,
        heatmap: Tensor,
        size: Tensor,
        offset: Tensor,
        targets: dict[str, Tensor],
        num: Tensor,
    ) -> dict[str, Tensor]:
        """Compute the losses of one stack over ``num`` objects."""
        weight = targets['weight']
        return {
            'loss_heatmap': self.losses['heatmap'](
                heatmap, targets['heatmap'], avg_factor=num
            ),
            'loss_size': self.losses['size'](
                size, targets['size'], weight, avg_factor=2 * num
            ),
            'loss_offset': self.losses['offset'](
                offset, targets['offset'], weight, avg_factor=2 * num
            ),
        }

    def _refine_loss(
        self,
        feat: Tensor,
        proposals: list[InstanceData],
        gt_bboxes: list[Tensor],
    ) -> Tensor:
        """Compute the loss of boxes with IoU above 0.5, a mean over images."""
        deltas = self._deltas(feat, proposals)
        total = torch.cat(deltas).sum() * 0
        for found, predicted, bboxes in zip(
            proposals, deltas, gt_bboxes, strict=True
        ):
            if not len(bboxes):
                continue
            best, inds = bbox_overlaps(found.bboxes, bboxes).max(dim=1)
            is_hit = best > 0.5
            if is_hit.any():
                wanted = encode(found.bboxes[is_hit], bboxes[inds[is_hit]])
                total = total + self.losses['refine'](
                    predicted[is_hit], wanted
                )
        return total / len(proposals)

    @torch.no_grad()
    def propose(
        self, heatmap: Tensor, size: Tensor, offset: Tensor
    ) -> list[InstanceData]:
        """Take the highest cells of the heat map as boxes.

        Returns:
            For each image ``bboxes`` (n, 4) xyxy in cells, ``scores`` and
            ``labels``, by descending score.
        """
        num = min(self.num_proposals, heatmap[0].numel())
        scores, inds, labels, ys, xs = get_topk_from_heatmap(heatmap, k=num)
        wh = transpose_and_gather_feat(size.clamp(min=0), inds)
        centres = torch.stack([xs, ys], dim=2)
        centres = centres + transpose_and_gather_feat(offset, inds)
        bboxes = torch.cat([centres - wh / 2, centres + wh / 2], dim=2)
        found = []
        for image in zip(bboxes, scores, labels, strict=True):
            _, keep = batched_nms(*image, self.proposal_nms)
            names = ('bboxes', 'scores', 'labels')
            found.append(
                InstanceData(
                    **{
                        name: values[keep]
                        for name, values in zip(names, image, strict=True)
                    }
                )
            )
        return found

    def _deltas(
        self, feat: Tensor, proposals: list[InstanceData]
    ) -> list[Tensor]:
        """Predict the deltas (n, 4) of each image's boxes."""
        rois = bbox2roi([found.bboxes for found in proposals])
        return list(
            self.refiner(feat, rois).split([len(item) for item in proposals])
        )

    def predict_by_feat(
        self,
        heatmaps: list[Tensor],
        sizes: list[Tensor],
        offsets: list[Tensor],
        feats: list[Tensor],
        batch_img_metas: list[dict],
        cfg: Any = None,
        rescale: bool = False,
        with_nms: bool = True,
    ) -> list[InstanceData]:
        """Correct the boxes of the last stack, and select detections."""
        cfg = self.test_cfg if cfg is None else cfg
        proposals = self.propose(heatmaps[-1], sizes[-1], offsets[-1])
        results = []
        for found, deltas, meta in zip(
            proposals,
            self._deltas(feats[-1], proposals),
            batch_img_metas,
            strict=True,
        ):
            found.bboxes = decode(found.bboxes, deltas) * self.stride
            height, width = meta['img_shape'][:2]
            found.bboxes[:, 0::2].clamp_(0, width)
            found.bboxes[:, 1::2].clamp_(0, height)
            results.append(
                self._bbox_post_process(found, cfg, rescale, with_nms, meta)
            )
        return results
