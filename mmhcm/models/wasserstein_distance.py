"""Similarity of tiny boxes by the Wasserstein distance."""

import torch
from mmdet.models.task_modules.assigners import BboxOverlaps2D
from mmdet.registry import TASK_UTILS
from mmdet.structures.bbox import get_box_tensor
from torch import Tensor


@TASK_UTILS.register_module()
class NormalizedWassersteinDistance(BboxOverlaps2D):
    """Overlap calculator for assigners of tiny objects (arXiv 2110.13389).

    A box is the Gaussian with its centre and, as standard deviations, half
    its width and height. The distance W of two Gaussians is that between
    their (x, y, w / 2, h / 2), and the similarity exp(-W / constant): 1 for
    equal boxes, and above 0 also for boxes that do not touch, where the IoU of
    a tiny object and all anchors is 0.

    Modes that are named, such as 'iof' for ignored objects, are those of
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

        With ``is_aligned`` they are (n,), of each pair.
        """
        if mode != 'nwd':
            return super().__call__(bboxes1, bboxes2, mode, is_aligned)
        first, second = (
            _gaussians(get_box_tensor(bboxes)[..., :4])
            for bboxes in (bboxes1, bboxes2)
        )
        if not is_aligned:
            first, second = first[:, None], second[None]
        # One number after the other: pairs can be many.
        squares = (first[..., 0] - second[..., 0]).square()
        for axis in (1, 2, 3):
            squares += (first[..., axis] - second[..., axis]).square()
        return (-squares.sqrt() / self.constant).exp()


def _gaussians(bboxes: Tensor) -> Tensor:
    """Convert boxes (n, 4) xyxy to (x, y, w / 2, h / 2)."""
    low, high = bboxes[..., :2], bboxes[..., 2:]
    return torch.cat([(low + high) / 2, (high - low) / 2], dim=-1)
