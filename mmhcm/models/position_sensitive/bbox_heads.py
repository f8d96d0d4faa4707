"""Heads for regions, trained on the hardest regions of a batch."""

from typing import Any

import torch
from mmdet.models.roi_heads.bbox_heads import BBoxHead, ConvFCBBoxHead
from mmdet.registry import MODELS
from torch import Tensor


class HardRegionsMixin:
    """Loss of the regions with the largest sums of class and box loss.

    The regions are selected from all regions of a batch, positive or not, by
    both losses (Shrivastava et al. 2016, as in R-FCN and Light-Head R-CNN);
    MMDetection's ``OHEMSampler`` selects by the class loss, image by image.
    Sample all proposals, with a ``RandomSampler`` of a large ``num``.

    Args:
        num_hard (int): Regions to learn, times the images of the batch.
        kwargs: Arguments of the head.
    """

    def __init__(self, *args: Any, num_hard: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if num_hard < 1:
            raise ValueError(f'num_hard must be positive, got {num_hard}')
        self.num_hard = num_hard

    def loss_and_target(
        self: Any,
        cls_score: Tensor,
        bbox_pred: Tensor,
        rois: Tensor,
        sampling_results: list,
        rcnn_train_cfg: dict,
        **kwargs: Any,
    ) -> dict:
        """Compute losses of the hardest regions, divided by their number."""
        targets = self.get_targets(sampling_results, rcnn_train_cfg)
        values = cls_score, bbox_pred, rois, *targets
        hard = self._find_hard(values, self.num_hard * len(sampling_results))
        losses = self.loss(*(value[hard] for value in values))
        return {'loss_bbox': losses, 'bbox_targets': targets}

    @torch.no_grad()
    def _find_hard(
        self: Any, values: tuple[Tensor, ...], num_hard: int
    ) -> Tensor:
        """Find the regions with the largest unweighted losses."""
        labels = values[3]
        if len(labels) <= num_hard:
            return torch.arange(len(labels), device=labels.device)
        losses = self.loss(*values, reduction_override='none')
        total = losses['loss_cls'].float() / self.loss_cls.loss_weight
        found = labels < self.num_classes
        if found.any():
            boxes = losses['loss_bbox'].float().sum(1)
            total[found] += boxes / self.loss_bbox.loss_weight
        return total.topk(num_hard).indices


@MODELS.register_module()
class LightHeadBBoxHead(HardRegionsMixin, ConvFCBBoxHead):
    """Light-Head R-CNN's head: one layer, then class scores and boxes.

    Args:
        num_hard (int): Regions to learn, times the images of the batch.
            Defaults to 256.
        fc_out_channels (int): Width of the layer. Defaults to 2048.
        kwargs: Arguments of ``ConvFCBBoxHead``.
    """

    def __init__(
        self, num_hard: int = 256, fc_out_channels: int = 2048, **kwargs: Any
    ) -> None:
        super().__init__(
            num_hard=num_hard,
            num_shared_fcs=1,
            fc_out_channels=fc_out_channels,
            **kwargs,
        )
        # MMDetection's default for layers before the last is Xavier.
        self.init_cfg[-1] = {
            'type': 'Normal',
            'std': 0.01,
            'override': {'name': 'shared_fcs'},
        }


@MODELS.register_module()
class RFCNBBoxHead(HardRegionsMixin, BBoxHead):
    """R-FCN's head without parameters: bins vote by their mean.

    Args:
        num_hard (int): Regions to learn, times the images of the batch.
            Defaults to 128.
        kwargs: Arguments of ``BBoxHead``.
    """

    def __init__(self, num_hard: int = 128, **kwargs: Any) -> None:
        super().__init__(
            num_hard=num_hard,
            with_avg_pool=True,
            reg_class_agnostic=True,
            **kwargs,
        )
        # ``RFCNNeck`` has these layers.
        del self.fc_cls, self.fc_reg
        self.init_cfg: list[dict] = []

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Average bins (n, num_classes + 5, h, w) to scores and offsets."""
        mean = x.mean(dim=(2, 3))
        return mean[:, :-4], mean[:, -4:]
