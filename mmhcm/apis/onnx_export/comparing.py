"""Comparison of an exported detector with PyTorch."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

#: Largest gaps between equal detections, in pixels and in scores.
_MAX_GAPS = 0.5, 0.01
#: Least share of equal detections; rounding decides some at a threshold.
_MIN_SHARE = 0.95
_MAX_RELATIVE = 0.01


def run_onnx(content: bytes, image: Tensor) -> list[np.ndarray] | None:
    """Run an ONNX file on the CPU; return None without ONNX Runtime."""
    try:
        import onnxruntime
    except ImportError:
        return None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(
        content, options, providers=['CPUExecutionProvider']
    )
    return session.run(None, {'image': image.numpy()})


def compare_outputs(
    found: Sequence[np.ndarray], expected: Sequence[Tensor]
) -> str:
    """Describe the difference of a network's outputs from PyTorch's.

    Raises:
        ValueError: outputs differ by more than a hundredth of their range.
    """
    largest = 0.0
    for values, tensor in zip(found, expected, strict=True):
        others = tensor.numpy()
        gap = np.abs(values - others).max(initial=0)
        largest = max(largest, float(gap / (np.ptp(others) or 1)))
    if largest > _MAX_RELATIVE:
        raise ValueError(
            'the exported network gives other outputs than PyTorch: they '
            f'differ by {largest:.2g} of their range'
        )
    return f"as PyTorch's to within {largest:.1g} of their range"


def compare_detections(
    found: Sequence[np.ndarray], expected: Sequence[Tensor]
) -> str:
    """Describe how many detections match PyTorch's, and how closely.

    Args:
        found: Boxes (n, 4), scores (n,) and labels (n,).
        expected: Boxes, scores and labels of PyTorch.

    Raises:
        ValueError: more than one detection in twenty has no counterpart.
    """
    bboxes, scores, labels = found
    gaps = [
        _nearest(bboxes, scores, labels, *one)
        for one in zip(*(part.numpy() for part in expected), strict=True)
    ]
    same = [gap for gap in gaps if (np.array(gap) <= _MAX_GAPS).all()]
    total = max(len(scores), len(gaps))
    if len(same) < _MIN_SHARE * total:
        raise ValueError(
            f'the exported detector finds {len(scores)} objects, and PyTorch '
            f'{len(gaps)}, of which {len(same)} are the same'
        )
    apart = np.array([*same, (0, 0)]).max(axis=0)
    return (
        f"{len(same)} of {total} detections as PyTorch's, boxes within "
        f'{apart[0]:.1g} pixels, scores within {apart[1]:.1g}'
    )


def _nearest(
    bboxes: np.ndarray,
    scores: np.ndarray,
    labels: np.ndarray,
    bbox: np.ndarray,
    score: float,
    label: int,
) -> tuple[float, float]:
    """Return the gaps of box and score to the nearest box of a class."""
    inds = np.flatnonzero(labels == label)
    if not len(inds):
        return np.inf, np.inf
    distances = np.abs(bboxes[inds] - bbox).max(axis=1)
    best = int(distances.argmin())
    return float(distances[best]), float(abs(scores[inds[best]] - score))
