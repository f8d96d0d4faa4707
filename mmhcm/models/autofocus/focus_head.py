"""Prediction of focus pixels, the cells to test at a finer scale."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from mmdet.models.dense_heads import RPNHead
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmhcm.functional.focus import label_focus_pixels


class FocusHead(BaseModule):
    """Three convolutions that find the cells with small objects.

    Objects that a chip ignores for their size are found too, because the next
    scale is for such objects. The meta information ``ignored_but_counted`` of
    ``CropChip`` distinguishes these objects from objects that do not count.

    Args:
        in_channels (int): Channels of the feature map.
        stride (int): Network-input pixels per cell.
        feat_channels (int): Channels between the layers. Defaults to 256.
        sizes (Sequence[float]): Smallest size of an object to find, size from
            which an object needs no finer scale, and size up to which such an
            object is ignored; network-input pixels. Defaults to (5, 64, 90).
        loss_weight (float): Factor on the loss. Defaults to 1.

    Raises:
        ValueError: the sizes are not in ascending order.
    """

    def __init__(
        self,
        in_channels: int,
        stride: int,
        feat_channels: int = 256,
        sizes: Sequence[float] = (5.0, 64.0, 90.0),
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__({'type': 'Normal', 'layer': 'Conv2d', 'std': 0.01})
        if len(sizes) != 3 or list(sizes) != sorted(sizes):
            raise ValueError(f'sizes must be three that ascend, got {sizes}')
        self.stride = stride
        self.sizes = (sizes[0], sizes[1], sizes[2])
        self.loss_weight = loss_weight
        self.layers = nn.Sequential(
            nn.Conv2d(in_channels, feat_channels, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(feat_channels, feat_channels, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(feat_channels, 2, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Predict logits (B, 2, H, W); channel 1 is for focus pixels."""
        return self.layers(x)

    def loss(self, x: Tensor, samples: Sequence[DetDataSample]) -> Tensor:
        """Compute the mean cross entropy over labelled cells.

        Raises:
            ValueError: the samples do not have ``ignored_but_counted``.
        """
        logits = self(x)
        labels = torch.stack(
            [self._labels(sample, logits.shape[2:]) for sample in samples]
        ).to(logits.device)
        losses = F.cross_entropy(
            logits, labels, ignore_index=-1, reduction='sum'
        )
        return self.loss_weight * losses / (labels >= 0).sum().clamp_min(1)

    def predict(self, x: Tensor, samples: Sequence[DetDataSample]) -> None:
        """Write the probabilities (h, w) of an image as ``focus_map``.

        Cells of the batch's padding are cut off.
        """
        maps = self(x).softmax(dim=1)[:, 1]
        for focus_map, sample in zip(maps, samples, strict=True):
            height, width = (
                -(-side // self.stride) for side in sample.img_shape
            )
            sample.focus_map = focus_map[:height, :width]

    def _labels(self, sample: DetDataSample, shape: tuple[int, int]) -> Tensor:
        valid = sample.gt_instances.bboxes.cpu().numpy()
        ignored = sample.ignored_instances.bboxes.cpu().numpy()
        if 'ignored_but_counted' not in sample:
            raise ValueError(
                "FocusRPNHead needs 'ignored_but_counted' of each chip: add "
                'it to the meta_keys of PackChipInputs in train_pipeline'
            )
        counted = np.asarray(sample.ignored_but_counted, dtype=bool)
        labels = label_focus_pixels(
            np.concatenate([valid, ignored[counted]]),
            (shape[1], shape[0]),
            self.stride,
            self.sizes,
            ignored[~counted],
        )
        return torch.from_numpy(labels)


@MODELS.register_module()
class FocusRPNHead(RPNHead):
    """``RPNHead`` that also predicts focus pixels (AutoFocus).

    Args:
        focus_level (int): Index of the feature map whose cells are the focus
            pixels. Defaults to 2: stride 16 of an FPN.
        focus (dict, optional): More arguments of ``FocusHead``. Defaults to
            None.
        kwargs: Arguments of ``RPNHead``.
    """

    def __init__(
        self,
        *args: Any,
        focus_level: int = 2,
        focus: dict | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.focus_level = focus_level
        stride = self.prior_generator.strides[focus_level][0]
        self.focus_head = FocusHead(self.in_channels, stride, **(focus or {}))

    def loss_and_predict(
        self,
        x: Sequence[Tensor],
        batch_data_samples: Sequence[DetDataSample],
        proposal_cfg: Any = None,
    ) -> tuple[dict, list]:
        """Compute all losses, and proposals for the next stage."""
        losses, proposals = super().loss_and_predict(
            x, batch_data_samples, proposal_cfg
        )
        losses['loss_focus'] = self.focus_head.loss(
            x[self.focus_level], batch_data_samples
        )
        return losses, proposals

    def predict(
        self,
        x: Sequence[Tensor],
        batch_data_samples: Sequence[DetDataSample],
        rescale: bool = False,
    ) -> list:
        """Predict proposals, and write the focus maps into the samples."""
        self.focus_head.predict(x[self.focus_level], batch_data_samples)
        return super().predict(x, batch_data_samples, rescale)
