"""Anchors fitted to the sizes and shapes of objects (paper 4.1).

Boxes are (n, 4) xyxy in pixels of the network's input, i.e. after the chips,
valid ranges and resizing of the config.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .boxes import as_bboxes, box_wh, sqrt_areas


@dataclass(frozen=True)
class AnchorSpec:
    """Anchors in the layout of MMDetection's ``AnchorGenerator``.

    A level with stride t has, around every multiple of t in both directions,
    an anchor of width ``t * scale / sqrt(ratio)`` and height
    ``t * scale * sqrt(ratio)`` for every scale and ratio (height / width).

    Attributes:
        strides: Stride of each level, input pixels.
        scales: Anchor sizes in units of the stride.
        ratios: Heights over widths.
    """

    strides: tuple[int, ...] = (4, 8, 16, 32, 64)
    scales: tuple[float, ...] = (8.0,)
    ratios: tuple[float, ...] = (0.5, 1.0, 2.0)

    def __post_init__(self) -> None:
        for name in ('strides', 'scales', 'ratios'):
            values = getattr(self, name)
            if not len(values) or not min(values) > 0:
                raise ValueError(f'{name} must be positive, got {values}')

    def base_wh(self, stride: float) -> np.ndarray:
        """Return width and height (a, 2) of one level's anchors, pixels."""
        scales = np.asarray(self.scales, dtype=np.float64)
        roots = np.sqrt(np.asarray(self.ratios, dtype=np.float64))
        widths = stride * scales[None] / roots[:, None]  # (ratios, scales)
        heights = stride * scales[None] * roots[:, None]
        return np.stack([widths.ravel(), heights.ravel()], axis=1)


def best_ious(
    bboxes: np.ndarray,
    input_wh: tuple[int, int] | np.ndarray,
    spec: AnchorSpec,
    *,
    chunk_size: int = 65536,
) -> np.ndarray:
    """Compute the best IoU of each box with any anchor on the grid.

    On each axis, an anchor overlaps a box most where the two centres are
    closest. One grid position per level and box is therefore enough, and the
    result is exact.

    Args:
        bboxes: (n, 4) xyxy in pixels of the network's input.
        input_wh: (width, height) of the input, pixels, or (n, 2), one per box.
            Feature maps have ``ceil(side / stride)`` positions.
        spec: The anchors.
        chunk_size: Boxes that are processed at once, to bound the memory.

    Returns:
        float64 (n,), 0 for a box without area.

    Examples:
        >>> bboxes = [[48, 48, 80, 80], [0, 0, 8, 8]]
        >>> best_ious(bboxes, (640, 480), AnchorSpec()).round(2)
        array([1.  , 0.06])
    """
    bboxes = as_bboxes(bboxes)
    input_whs = np.broadcast_to(np.asarray(input_wh), (len(bboxes), 2))
    best = np.zeros(len(bboxes))
    for start in range(0, len(bboxes), chunk_size):
        part = slice(start, start + chunk_size)
        best[part] = _best_ious(
            bboxes[part].astype(np.float64), input_whs[part], spec
        )
    return best


def best_possible_recall(ious: np.ndarray, thr: float = 0.5) -> float:
    """Compute the share of boxes whose best IoU (n,) reaches ``thr``.

    Without boxes the share is 0.

    Examples:
        >>> best_possible_recall(np.array([0.4, 0.6, 0.7, 0.9]))
        0.75
    """
    return float(np.mean(ious >= thr)) if len(ious) else 0.0


def summarize_ious(ious: np.ndarray) -> dict[str, float]:
    """Compute best possible recall at IoU 0.5 and 0.7, and mean best IoU.

    Args:
        ious: (n,) best IoU of each box, see :func:`best_ious`.

    Returns:
        ``bpr_50``, ``bpr_70`` and ``mean_best_iou``, each from 0 to 1.

    Examples:
        >>> summarize_ious(np.array([0.4, 0.6, 0.7, 0.9]))['bpr_70']
        0.5
    """
    return {
        'bpr_50': best_possible_recall(ious, 0.5),
        'bpr_70': best_possible_recall(ious, 0.7),
        'mean_best_iou': float(np.mean(ious)) if len(ious) else 0.0,
    }


def fit_anchors(
    bboxes: np.ndarray,
    input_wh: tuple[int, int] | np.ndarray,
    strides: Sequence[int] = (4, 8, 16, 32, 64),
    num_scales: int = 1,
    num_ratios: int = 3,
    *,
    rng: np.random.Generator,
    weights: np.ndarray | None = None,
    thr_range: tuple[float, float] = (0.4, 0.8),
    max_samples: int = 20000,
    max_rounds: int = 20,
) -> AnchorSpec:
    """Fit scales and ratios of anchors to boxes.

    The objective is the best possible recall averaged over all IoU thresholds
    in ``thr_range``: a box counts 0 below the range, 1 above the range, and
    linearly in between. Unlike the recall at one threshold, this average has
    no plateaus; unlike the mean IoU, the average does not reward boxes that
    already match well.

    1. Ratios start at quantiles of the boxes' ratios. Scales are spaced
       evenly over an octave, starting at the best of a coarse list of sizes.
    2. Each scale and ratio in turn, and all scales together, are multiplied
       by a factor as long as the objective improves. The factor shrinks when
       no step improves the objective.

    Args:
        bboxes: (n, 4) xyxy in pixels of the network's input.
        input_wh: (width, height) of the input, pixels, or (n, 2), one per box.
        strides: Strides of the levels, pixels.
        num_scales: Number of scales, at least 1.
        num_ratios: Number of ratios, at least 1.
        rng: Source of the sample of boxes, if there are more than
            ``max_samples``.
        weights: (n,) weight of each box. Defaults to None, equal weights.
        thr_range: Lowest and highest IoU threshold of the objective.
            Defaults to (0.4, 0.8).
        max_samples: Maximum number of boxes to fit to. Defaults to 20000.
        max_rounds: Maximum number of passes over all parameters. Defaults to
            20.

    Returns:
        Scales and ratios in ascending order, rounded to two decimals.

    Raises:
        ValueError: If no box has an area, or an argument is out of range.

    Examples:
        >>> rng = np.random.default_rng(0)
        >>> starts = rng.uniform(0, 480, (200, 2))
        >>> bboxes = np.hstack([starts, starts + (16, 32)])
        >>> spec = fit_anchors(bboxes, (512, 512), (4,), num_ratios=1, rng=rng)
        >>> spec
        AnchorSpec(strides=(4,), scales=(5.97,), ratios=(1.78,))
    """
    if num_scales < 1 or num_ratios < 1:
        raise ValueError(
            'num_scales and num_ratios must be at least 1, got '
            f'{num_scales} and {num_ratios}'
        )
    low, high = thr_range
    if not low < high:
        raise ValueError(f'thr_range must ascend, got {thr_range}')
    bboxes = as_bboxes(bboxes)
    input_whs = np.broadcast_to(np.asarray(input_wh), (len(bboxes), 2))
    usable = np.flatnonzero(sqrt_areas(bboxes) > 0)
    if not len(usable):
        raise ValueError('no box with an area to fit anchors to')
    if len(usable) > max_samples:
        usable = np.sort(rng.choice(usable, max_samples, replace=False))
    sample, sample_whs = bboxes[usable], input_whs[usable]
    sample_weights = None if weights is None else np.asarray(weights)[usable]

    def score(spec: AnchorSpec) -> float:
        ious = best_ious(sample, sample_whs, spec)
        gains = np.clip((ious - low) / (high - low), 0, 1)
        return float(np.average(gains, weights=sample_weights))

    spec = _initial_spec(sample, tuple(strides), num_scales, num_ratios, score)
    return _search(spec, score, max_rounds)


def _best_ious(
    bboxes: np.ndarray, input_whs: np.ndarray, spec: AnchorSpec
) -> np.ndarray:
    centres = (bboxes[:, :2] + bboxes[:, 2:]) / 2
    sides = box_wh(bboxes)
    areas = sides.prod(axis=1)
    best = np.zeros(len(bboxes))
    for stride in spec.strides:
        last = np.ceil(input_whs / stride) - 1
        nearest = np.clip(np.round(centres / stride), 0, last) * stride
        shifts = np.abs(nearest - centres)  # (n, 2)
        for anchor_wh in spec.base_wh(stride):
            overlaps = np.minimum(
                np.minimum(sides, anchor_wh),
                (sides + anchor_wh) / 2 - shifts,
            )  # (n, 2)
            inter = np.maximum(overlaps, 0).prod(axis=1)
            np.maximum(
                best, inter / (areas + anchor_wh.prod() - inter), out=best
            )
    return best


def _initial_spec(
    bboxes: np.ndarray,
    strides: tuple[int, ...],
    num_scales: int,
    num_ratios: int,
    score: Callable[[AnchorSpec], float],
) -> AnchorSpec:
    widths, heights = box_wh(bboxes).T
    middles = (np.arange(num_ratios) + 0.5) / num_ratios
    ratios = np.quantile(heights / widths, middles)
    octave = 2 ** (np.arange(num_scales) / num_scales)
    # from a quarter of the stride to 16 strides
    specs = [
        _rounded(AnchorSpec(strides, tuple(first * octave), tuple(ratios)))
        for first in 2.0 ** np.arange(-2, 4.5, 0.5)
    ]
    return max(specs, key=score)


def _search(
    spec: AnchorSpec,
    score: Callable[[AnchorSpec], float],
    max_rounds: int,
) -> AnchorSpec:
    """Search along one parameter at a time; ties go to the first step."""
    best, factor = score(spec), 2**0.5
    for _ in range(max_rounds):
        improved = False
        for name, ind in _moves(spec):
            for step in (factor, 1 / factor):
                candidate = _moved(spec, name, ind, step)
                value = score(candidate)
                if value > best:
                    spec, best, improved = candidate, value, True
        if not improved:
            factor **= 0.5
            if factor < 1.01:
                break
    return replace(
        spec,
        scales=tuple(sorted(spec.scales)),
        ratios=tuple(sorted(spec.ratios)),
    )


def _moves(spec: AnchorSpec) -> list[tuple[str, int | None]]:
    """List the steps of the search; None means all values of a parameter."""
    return [
        ('scales', None),
        *(('scales', ind) for ind in range(len(spec.scales))),
        ('ratios', None),
        *(('ratios', ind) for ind in range(len(spec.ratios))),
    ]


def _moved(
    spec: AnchorSpec, name: str, ind: int | None, factor: float
) -> AnchorSpec:
    values = np.array(getattr(spec, name))
    values[slice(None) if ind is None else ind] *= factor
    return _rounded(replace(spec, **{name: tuple(values.tolist())}))


def _rounded(spec: AnchorSpec) -> AnchorSpec:
    """Round scales and ratios to two decimals, as written in configs."""
    return replace(
        spec,
        scales=tuple(max(round(float(s), 2), 0.01) for s in spec.scales),
        ratios=tuple(max(round(float(r), 2), 0.01) for r in spec.ratios),
    )
