"""What a mining round is made from: pixels of canvases, and digests."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.dataset import BaseDataset

from mmhcm.structures.file_checksums import (
    FileChecksums,
)
from mmhcm.structures.files import fingerprint

from .pools import image_checksums

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
    """Transforms of a canvas that nobody looks at: no pixels are read."""
    return [{'type': 'PackChipInputs', 'meta_keys': _META_KEYS}]


def canvas_transforms(mask_color: Sequence[float]) -> list[dict]:
    """Transforms that make the pixels of a canvas.

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
    """Transforms of one canvas, seen at several test scales.

    Args:
        scales: Arguments of ``ResizeToScale``, one a scale.
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


def sources_digest(datasets: Sequence[BaseDataset], folder: str | Path) -> str:
    """Fingerprint of all that a round's canvases can be of.

    Args:
        datasets: Data sets of whole images, the own one first.
        folder: Where checksums of images are kept.
    """
    return fingerprint(
        *(images_digest(d, image_checksums(d, folder)) for d in datasets)
    )


def images_digest(dataset: BaseDataset, checksums: FileChecksums) -> str:
    """Return a fingerprint of a data set's annotations and pixels.

    Args:
        dataset: The data set of whole images.
        checksums: Of its images, see ``pools.image_checksums``.
    """
    return fingerprint(
        checksums.lengths,
        checksums.values,
        [
            [
                str(info['img_id']),
                [
                    [
                        list(item['bbox']),
                        item['bbox_label'],
                        item['ignore_flag'],
                    ]
                    for item in info['instances']
                ],
                [list(region) for region in info.get('ignored_regions', [])],
                [
                    [list(guide['bbox']), guide['bbox_label']]
                    for guide in info.get('guides', [])
                ],
            ]
            for info in map(dataset.get_data_info, range(len(dataset)))
        ],
    )


def plain_settings(value: Any) -> Any:
    """Turn config objects into what a fingerprint takes."""
    if isinstance(value, Mapping):
        return {str(key): plain_settings(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_settings(item) for item in value]
    return value if isinstance(value, int | float | str | None) else str(value)
