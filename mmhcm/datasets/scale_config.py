"""Chip scales of configs."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from mmhcm.functional.chips import ChipScale, check_scales


def build_scales(scales: Sequence[Mapping[str, Any]]) -> list[ChipScale]:
    """Build and check scales from config dicts.

    Raises:
        ValueError: a missing or unknown key, a value out of range, or a gap
            between ranges.
    """
    built = [_build_scale(scale) for scale in scales]
    check_scales(built)
    return built


def range_of(ends: Sequence[float | None]) -> tuple[float, float]:
    """Read a config's valid range; None means no upper end.

    Work directories store configs as text, which cannot express infinity.
    """
    low, high = ends
    if low is None:
        raise ValueError(f'a valid range needs a lower end, got {ends}')
    return float(low), math.inf if high is None else float(high)


def scale_settings(scale: ChipScale) -> list[Any]:
    """List the settings of a scale, for a fingerprint."""
    return [
        scale.window,
        [str(end) for end in scale.valid_range],
        scale.stride,
    ]


def scale_factor(
    scales: Sequence[ChipScale],
    scale_ind: int,
    image_wh: tuple[int, int],
    chip_size: int,
) -> float:
    """Compute chip pixels per source pixel; whole images fit by long side."""
    window = (
        scales[scale_ind].window if scale_ind < len(scales) else None
    ) or max(image_wh)
    return chip_size / window


def _build_scale(scale: Mapping[str, Any]) -> ChipScale:
    missing = {'window', 'valid_range'} - set(scale)
    unknown = set(scale) - {'window', 'valid_range', 'stride'}
    if missing or unknown:
        raise ValueError(
            f'a scale has window, valid_range and maybe stride, got {scale}'
        )
    return ChipScale(
        window=scale['window'],
        valid_range=range_of(scale['valid_range']),
        stride=scale.get('stride'),
    )
