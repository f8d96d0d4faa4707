"""Transforms of canvases in a round."""

from collections.abc import Mapping, Sequence
from typing import Any

_META_KEYS = (
    'img_id',
    'img_path',
    'ori_shape',
    'img_shape',
    'scale_factor',
    'flip',
    'flip_direction',
    'valid_range',
    'canvas',
    'draw_key',
    'instances',
    'ignored_regions',
    'num_skipped_pastes',
    'skipped_labels',
)


def recipe_pipeline() -> list[dict]:
    """Return the transforms of a canvas whose pixels are not read."""
    return [{'type': 'PackChipInputs', 'meta_keys': _META_KEYS}]


def canvas_transforms(mask_color: Sequence[float]) -> list[dict]:
    """Return the transforms that make the pixels of a canvas.

    Args:
        mask_color: Colour of ignored regions, BGR.
    """
    return [
        {'type': 'LoadImage'},
        {'type': 'MaskIgnoredRegions', 'color': mask_color},
        {'type': 'PasteObjects'},
    ]


def mining_pipeline(
    scales: Sequence[Mapping[str, Any]], mask_color: Sequence[float]
) -> list[dict]:
    """Return the transforms of one canvas at several test scales.

    Args:
        scales: Arguments of ``ResizeToScale``, one dict per scale.
        mask_color: Colour of ignored regions, BGR.
    """
    return [
        *canvas_transforms(mask_color),
        {
            'type': 'ViewsOfImage',
            'transforms': [
                [{'type': 'ResizeToScale', **scale} for scale in scales],
                recipe_pipeline(),
            ],
        },
    ]
