"""Targets of heat maps, sizes and offsets."""

from collections.abc import Sequence

import torch
from mmdet.models.utils import gen_gaussian_target
from torch import Tensor

#: Overlap that a box keeps when its corners move by the radius.
MIN_OVERLAP = 0.7


def gaussian_radii(wh: Tensor, min_overlap: float = MIN_OVERLAP) -> Tensor:
    """Compute the radii (n,) of Gaussians by CornerNet's original formula.

    Unlike `mmdet.models.utils.gaussian_radius`, the formula takes the other
    roots of the quadratic equations and leaves the denominators out, which
    gives larger Gaussians.

    Args:
        wh: (n, 2) widths and heights.
        min_overlap: IoU that a moved box should keep. Defaults to 0.7.
    """
    total, area = wh.sum(dim=1), wh.prod(dim=1)

    def root(a: float, b: Tensor, c: Tensor) -> Tensor:
        return (b + (b.square() - 4 * a * c).clamp(min=0).sqrt()) / 2

    kept = (1 - min_overlap) * area
    return torch.stack(
        [
            root(1, total, kept / (1 + min_overlap)),
            root(4, 2 * total, kept),
            root(4 * min_overlap, -2 * min_overlap * total, -kept),
        ]
    ).amin(dim=0)


def center_targets(
    bboxes: Sequence[Tensor], labels: Sequence[Tensor], shape: torch.Size
) -> dict[str, Tensor]:
    """Compute the targets of a batch.

    Args:
        bboxes: (n, 4) xyxy of each image, in cells.
        labels: (n,) of each image.
        shape: (B, K, H, W) of the heat maps.

    Returns:
        ``heatmap`` (B, K, H, W), ``size`` and ``offset`` (B, 2, H, W) in
        cells, and ``weight`` (B, 2, H, W), 1 at the centres.
    """
    num, _, height, width = shape
    like = bboxes[0]
    heatmap = like.new_zeros(shape)
    size, offset, weight = (
        like.new_zeros(num, 2, height, width) for _ in range(3)
    )
    for ind, (boxes, classes) in enumerate(zip(bboxes, labels, strict=True)):
        wh = boxes[:, 2:] - boxes[:, :2]
        centres = (boxes[:, :2] + boxes[:, 2:]) / 2
        cells = centres.long()
        radii = gaussian_radii(wh).long().tolist()
        places = cells.tolist()
        # One by one: the last of several objects in a cell counts.
        for row, (x, y) in enumerate(places):
            if not (0 <= x < width and 0 <= y < height):
                continue
            size[ind, :, y, x] = wh[row]
            offset[ind, :, y, x] = centres[row] - cells[row]
            weight[ind, :, y, x] = 1
            gen_gaussian_target(heatmap[ind, classes[row]], [x, y], radii[row])
    return {
        'heatmap': heatmap,
        'size': size,
        'offset': offset,
        'weight': weight,
    }
