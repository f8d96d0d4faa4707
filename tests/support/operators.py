"""Inputs and slow references of operators."""

import itertools
import math

import numpy as np
import pytest
import torch
from torch import Tensor

from mmhcm.ops import backend, name_backend

needs_compiled = pytest.mark.skipif(
    name_backend('cpu') != 'compiled mmcv',
    reason='mmcv has no compiled operators here: make .venv MMCV=full',
)


@pytest.fixture(params=['torchvision', 'plain'])
def backend_name(request, monkeypatch):
    """Run a test with torchvision's operators, and with the plain ones."""
    works = backend.uses_torchvision('cpu')
    if request.param == 'torchvision':
        if not works:
            pytest.skip('no torchvision that works with this torch')
        return request.param
    for name in ('deform_conv', 'roi_align', 'suppression'):
        monkeypatch.setattr(
            f'mmhcm.ops.{name}.uses_torchvision', lambda _: False
        )
    return request.param


def random_rois(rng: np.random.Generator, num: int, side: float) -> Tensor:
    """Regions (num, 5) of two images, some of them outside the map."""
    corner = rng.uniform(-0.3 * side, 1.1 * side, (num, 2))
    wh = rng.uniform(0, side, (num, 2)) ** rng.choice([0.3, 1.0], (num, 1))
    image = rng.integers(0, 2, (num, 1))
    return torch.tensor(
        np.concatenate([image, corner, corner + wh], 1), dtype=torch.float32
    )


def random_bboxes(
    rng: np.random.Generator, num: int, side: float = 60
) -> tuple[Tensor, Tensor]:
    """Overlapping boxes (num, 4) and distinct scores (num,)."""
    corner = rng.uniform(0, side, (num, 2))
    wh = rng.uniform(1, side / 2, (num, 2))
    bboxes = np.concatenate([corner, corner + wh], 1).astype(np.float32)
    scores = (rng.permutation(num) + 1).astype(np.float32) / (num + 1)
    return torch.from_numpy(bboxes), torch.from_numpy(scores)


def slow_roi_align(
    feats: Tensor,
    rois: Tensor,
    output_size: tuple[int, int],
    spatial_scale: float,
    sampling_ratio: int,
    aligned: bool = True,
) -> Tensor:
    """RoIAlign by its definition, one sample at a time."""
    height, width = output_size
    pooled = feats.new_zeros(len(rois), feats.shape[1], height, width)
    for i, (image, *box) in enumerate(rois.tolist()):
        x1, y1, x2, y2 = (v * spatial_scale - 0.5 * aligned for v in box)
        wide, tall = x2 - x1, y2 - y1
        if not aligned:
            wide, tall = max(wide, 1), max(tall, 1)
        num_x = sampling_ratio or math.ceil(wide / width)
        num_y = sampling_ratio or math.ceil(tall / height)
        for row, column in itertools.product(range(height), range(width)):
            samples = [
                bilinear(
                    feats[int(image)],
                    y1 + tall / height * (row + (j + 0.5) / num_y),
                    x1 + wide / width * (column + (k + 0.5) / num_x),
                )
                for j in range(num_y)
                for k in range(num_x)
            ]
            if samples:
                pooled[i, :, row, column] = sum(samples) / len(samples)
    return pooled


def bilinear(feats: Tensor, y: float, x: float) -> Tensor:
    """Interpolate (C, H, W) as RoIAlign does, with its border of a pixel."""
    height, width = feats.shape[1:]
    if not (-1 <= y <= height and -1 <= x <= width):
        return feats[:, 0, 0] * 0
    y, x = (min(max(v, 0), n - 1) for v, n in ((y, height), (x, width)))
    top, left = int(y), int(x)
    bottom, right = min(top + 1, height - 1), min(left + 1, width - 1)
    y, x = y - top, x - left
    return (
        feats[:, top, left] * (1 - y) * (1 - x)
        + feats[:, top, right] * (1 - y) * x
        + feats[:, bottom, left] * y * (1 - x)
        + feats[:, bottom, right] * y * x
    )
