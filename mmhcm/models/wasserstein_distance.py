"""Similarity of tiny boxes by the Wasserstein distance."""

import torch
from mmdet.models.task_modules.assigners import BboxOverlaps2D
from mmdet.registry import TASK_UTILS
from mmdet.structures.bbox import get_box_tensor
from torch import Tensor


@TASK_UTILS.register_module()
class NormalizedWassersteinDistance(BboxOverlaps2D):
    """Overlap calculator for assigners of tiny objects (arXiv 2110.13389).

    A box is modelled as a Gaussian with the box's centre as mean and half of
    its width and height as standard deviations. The distance W of two
    Gaussians is the Euclidean distance of their vectors (x, y, w / 2, h / 2).
    The similarity is exp(-W / constant): 1 for equal boxes, and above 0 also
    for boxes that do not touch, where the IoU of a tiny object and all anchors
    is 0.

    Other modes, such as 'iof' for ignored objects, are those of
    ``BboxOverlaps2D``.

    Args:
        constant (float): Mean absolute size of the objects, network-input
            pixels; 12.8 for the paper's AI-TOD.
    """

    def __init__(self, constant: float) -> None:
        super().__init__()
        if not constant > 0:
            raise ValueError(f'constant must be positive, got {constant}')
        self.constant = constant

    def __call__(
        self,
        bboxes1: Tensor,
        bboxes2: Tensor,
        mode: str = 'nwd',
        is_aligned: bool = False,
    ) -> Tensor:
        """Compute similarities (n, m) of boxes (n, 4) and (m, 4).

        With ``is_aligned``, similarities are (n,), one for each pair.
        """
        if mode != 'nwd':
            return super().__call__(bboxes1, bboxes2, mode, is_aligned)
        first, second = (
            _gaussians(get_box_tensor(bboxes)[..., :4])
            for bboxes in (bboxes1, bboxes2)
        )
        if not is_aligned:
            first, second = first[:, None], second[None]
        # One coordinate at a time, because there can be many pairs.
        squares = (first[..., 0] - second[..., 0]).square()
        for axis in (1, 2, 3):
            squares += (first[..., axis] - second[..., axis]).square()
        return (-squares.sqrt() / self.constant).exp()


def _gaussians(bboxes: Tensor) -> Tensor:
    """Convert boxes (n, 4) xyxy to (x, y, w / 2, h / 2)."""
    low, high = bboxes[..., :2], bboxes[..., 2:]
    return torch.cat([(low + high) / 2, (high - low) / 2], dim=-1)
