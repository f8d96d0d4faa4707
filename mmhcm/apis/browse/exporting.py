"""Chips, hard chips and canvases as image files and one COCO json."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config
from mmengine.logging import print_log
from tqdm import tqdm

from mmhcm.apis.data import (
    pasted_flags,
    rendering_canvases,
    rendering_chips,
    rendering_hard_chips,
)
from mmhcm.datasets import (
    IMAGE_ERRORS,
    CanvasDataset,
    ChipDataset,
    describe_fault,
    seeded_globals,
)
from mmhcm.functional.boxes import as_bboxes
from mmhcm.structures.coco_export import (
    annotation_records,
    image_record,
    write_coco,
)
from mmhcm.structures.instances import instance_arrays, instance_labels

from .pictures import draw_indices, write_picture

KINDS = ('chips', 'hard-chips', 'canvases')
SUFFIXES = ('.png', '.jpg')


@dataclass(frozen=True)
class ExportResult:
    """Files of an export.

    Attributes:
        json_path: The COCO json.
        num_images: Images in it.
        num_broken: Samples that were left out since their image is broken.
    """

    json_path: Path
    num_images: int
    num_broken: int


@dataclass(frozen=True)
class _Source:
    """Samples of one kind.

    Attributes:
        dataset: Its pipeline ends with the picture.
        start: Index of the first sample.
        total: Number of samples.
        annotate: Gives annotations and further keys of a rendered sample,
            from its data info before and after the pipeline.
    """

    dataset: ChipDataset | CanvasDataset
    start: int
    total: int
    annotate: Callable[[dict, dict], tuple[list[dict], dict[str, Any]]]


def export(
    cfg: Config,
    what: str,
    out_dir: str | Path,
    num: int | None = None,
    round_file: str | Path | None = None,
    suffix: str = '.png',
) -> ExportResult:
    """Write images into ``out_dir/what`` and ``out_dir/what.json``.

    The samples go through the data set's own pipeline without its random
    transforms. The json is written last. A sample whose image is broken is
    left out with a warning, as in training.

    Args:
        cfg: The config.
        what: One of ``KINDS``.
        out_dir: Folder to write into.
        num: How many samples, drawn at random; a larger number includes the
            samples of a smaller one. Defaults to None, all.
        round_file: A mined round, for hard chips. Defaults to None: the last
            one in the work directory.
        suffix: '.png', or '.jpg', which is smaller and not exact.

    Raises:
        OSError: a file that is missing or cannot be written.
        ValueError: an argument or config that does not fit, or not a single
            image that can be read.
    """
    if what not in KINDS:
        raise ValueError(f'what must be one of {KINDS}, got {what!r}')
    if suffix not in SUFFIXES:
        raise ValueError(f'suffix must be one of {SUFFIXES}, got {suffix!r}')
    if num is not None and num < 1:
        raise ValueError(f'num must be positive, got {num}')
    if round_file is not None and what != 'hard-chips':
        raise ValueError(f'a round file goes with hard-chips, not with {what}')
    source = _open_source(cfg, what, round_file)
    out_dir = Path(out_dir)
    inds = draw_indices(source.total, num or source.total, seed=0)
    images: list[tuple[int, dict]] = []
    faults: list[str] = []
    for ind in tqdm(inds.tolist(), f'exporting {what}', leave=False):
        info = source.dataset.get_data_info(source.start + ind)
        name = f'{Path(info["img_path"]).stem}_{ind:06d}{suffix}'
        try:
            picture, record = _render(source, info, ind, name)
        except IMAGE_ERRORS as error:
            faults.append(describe_fault(info['img_path'], error))
            print_log(
                f'left out broken sample {faults[-1]}',
                logger='current',
                level=logging.WARNING,
            )
            continue
        write_picture(out_dir / what / name, picture)
        images.append((ind + 1, record))
    if faults and not images:
        raise ValueError(f'no image can be read, the first: {faults[0]}')
    json_path = out_dir / f'{what}.json'
    classes = source.dataset.metainfo['classes']
    write_coco(json_path, images, classes, f'{what} of {cfg.filename}')
    return ExportResult(json_path, len(images), len(faults))


def _open_source(
    cfg: Config, what: str, round_file: str | Path | None
) -> _Source:
    if what == 'canvases':
        canvases = rendering_canvases(cfg)
        return _Source(
            canvases,
            start=0,
            total=len(canvases),
            annotate=_annotate_canvas,
        )
    is_hard = what == 'hard-chips'
    chips = (
        rendering_hard_chips(cfg, round_file)
        if is_hard
        else rendering_chips(cfg)
    )
    return _Source(
        chips,
        start=chips.num_normal if is_hard else 0,
        total=chips.num_hard if is_hard else chips.num_normal,
        annotate=_annotate_chip,
    )


def _render(
    source: _Source, info: dict, ind: int, name: str
) -> tuple[np.ndarray, dict[str, Any]]:
    """Render a sample to its picture (h, w, 3), BGR, and its record."""
    before = dict(info)
    # Whatever still draws draws the same in every export.
    with seeded_globals(0, ind):
        sample = source.dataset.pipeline(info)
    if sample is None:
        raise ValueError('the pipeline gave None')
    annotations, extra = source.annotate(before, sample)
    height, width = sample['img'].shape[:2]
    return sample['img'], image_record(
        name,
        (width, height),
        annotations,
        source_image=str(before['img_path']),
        **extra,
    )


def _annotate_chip(
    info: dict, sample: dict
) -> tuple[list[dict], dict[str, Any]]:
    chip = info['chip']
    if 'gt_bboxes' not in sample:
        raise ValueError('the pipeline gave no boxes')
    bboxes = as_bboxes(sample['gt_bboxes'].numpy())
    pasted = pasted_flags(sample, info['instances'], chip)
    annotations = annotation_records(
        bboxes,
        np.asarray(sample['gt_bboxes_labels']),
        np.asarray(sample['gt_ignore_flags'], dtype=bool),
        pasted if len(pasted) == len(bboxes) else None,
    )
    factors = sample.get('scale_factor', (1.0, 1.0))
    return annotations, {
        'window': np.asarray(chip['window']).tolist(),
        'scale_factor': [float(factor) for factor in factors],
        'scale_ind': int(chip['scale_ind']),
    }


def _annotate_canvas(info: dict, _: dict) -> tuple[list[dict], dict[str, Any]]:
    instances = info['instances']
    bboxes, ignored = instance_arrays(instances)
    annotations = annotation_records(
        bboxes,
        instance_labels(instances),
        ignored,
        [bool(item.get('pasted')) for item in instances],
    )
    return annotations, {
        'window': [0.0, 0.0, float(info['width']), float(info['height'])],
        'scale_factor': [1.0, 1.0],
        # A canvas is seen at every scale, and is a chip of none.
        'scale_ind': None,
    }
