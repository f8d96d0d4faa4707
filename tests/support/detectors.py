"""Objects that detectors learn in tests, and counts of their parameters."""

from collections.abc import Sequence

import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData
from torch import nn

Boxes = Sequence[Sequence[float]]


def objects(
    bboxes: Boxes = (), labels: Sequence[int] | None = None
) -> InstanceData:
    """Objects of boxes (n, 4); their labels are 0 by default."""
    labels = [0] * len(bboxes) if labels is None else labels
    return InstanceData(
        bboxes=torch.tensor(bboxes, dtype=torch.float32).reshape(-1, 4),
        labels=torch.tensor(labels, dtype=torch.long),
    )


def meta_of(side: int) -> dict:
    """Meta information of a square image, unscaled and not padded."""
    shape = (side, side)
    return {
        'img_shape': shape,
        'pad_shape': shape,
        'ori_shape': shape,
        'batch_input_shape': shape,
        'scale_factor': (1.0, 1.0),
    }


def data_sample(
    gt: InstanceData, ignored: InstanceData | None = None, side: int = 128
) -> DetDataSample:
    """Sample of a square image with objects, some of them ignored."""
    sample = DetDataSample(metainfo=meta_of(side))
    sample.gt_instances = gt
    sample.ignored_instances = objects() if ignored is None else ignored
    return sample


def count(module: nn.Module) -> int:
    """Count the parameters of a module."""
    return sum(parameter.numel() for parameter in module.parameters())
