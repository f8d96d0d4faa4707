"""Images, chips, hard chips and canvases, with COCO or YOLO annotations."""

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
from mmhcm.structures.choices import (
    EXPORT_FORMATS,
    EXPORT_KINDS,
    IMAGE_FORMATS,
)
from mmhcm.structures.instances import instance_arrays, instance_labels

from .export_files import CocoFiles, ExportedSample, YoloFiles
from .pictures import draw_indices
from .whole_images import WholeImages


@dataclass(frozen=True)
class ExportResult:
    """Files of an export.

    Attributes:
        path: The COCO json, or the yaml of YOLO.
        num_images: Number of exported images.
        num_broken: Number of samples left out because of a broken image.
    """

    path: Path
    num_images: int
    num_broken: int


@dataclass(frozen=True)
class _Source:
    """Samples of one kind.

    Attributes:
        dataset: Data set whose pipeline ends with the picture.
        start: Index of the first sample.
        total: Number of samples.
        describe: Function from a data info before and after the pipeline to
            the annotation fields and the ``extra`` of an ``ExportedSample``.
        suffix: Suffix of the image files.
    """

    dataset: ChipDataset | CanvasDataset
    start: int
    total: int
    describe: Callable[[dict, dict], dict[str, Any]]
    suffix: str

    def __len__(self) -> int:
        return self.total

    def path(self, ind: int) -> str:
        """Return the path of a sample's image."""
        return self.dataset.get_data_info(self.start + ind)['img_path']

    def sample(self, ind: int) -> ExportedSample:
        """Render a sample."""
        info = self.dataset.get_data_info(self.start + ind)
        before = dict(info)
        # Remaining random transforms draw the same in every export.
        with seeded_globals(0, ind):
            rendered = self.dataset.pipeline(info)
        if rendered is None:
            raise ValueError('the pipeline gave None')
        fields = self.describe(before, rendered)
        source = str(before['img_path'])
        fields['extra'] = {'source_image': source, **fields['extra']}
        height, width = rendered['img'].shape[:2]
        return ExportedSample(
            f'{Path(source).stem}_{ind:06d}{self.suffix}',
            (width, height),
            rendered['img'],
            **fields,
        )


def export(
    cfg: Config,
    what: str,
    out_dir: str | Path,
    num: int | None = None,
    round_file: str | Path | None = None,
    suffix: str = '.png',
    files: str = 'coco',
    split: str = 'train',
) -> ExportResult:
    """Write images and their annotations into a folder.

    Chips and canvases go through the data set's own pipeline without its
    random transforms; whole images are copied. The annotations are written
    last. A sample whose image is broken is left out with a warning, as in
    training.

    Args:
        cfg: The config.
        what: One of ``EXPORT_KINDS``.
        out_dir: Folder to write into.
        num: Number of samples, drawn at random; a larger number includes the
            samples of a smaller number. Defaults to None, all.
        round_file: A mined round, for hard chips. Defaults to None: the last
            round in the work directory.
        suffix: Suffix of chips and canvases: '.png', or '.jpg', which is
            smaller but lossy.
        files: One of ``EXPORT_FORMATS``.
        split: 'train', 'val' or 'test', for whole images.

    Raises:
        OSError: a file is missing or cannot be written.
        ValueError: an argument or the config is invalid, or no image can be
            read.
    """
    _check_arguments(what, num, round_file, suffix, files, split)
    source: _Source | WholeImages
    if what == 'images':
        source = WholeImages(cfg, split, masked=files == 'yolo')
    else:
        source = _open_source(cfg, what, round_file, suffix)
    part = split if what == 'images' else what
    classes = source.dataset.metainfo['classes']
    written = (CocoFiles if files == 'coco' else YoloFiles)(
        out_dir, part, classes
    )
    inds = draw_indices(len(source), num or len(source), seed=0)
    faults: list[str] = []
    for ind in tqdm(inds.tolist(), f'exporting {part}', leave=False):
        try:
            written.add(ind + 1, source.sample(ind))
        except IMAGE_ERRORS as error:
            faults.append(describe_fault(source.path(ind), error))
            print_log(
                f'left out broken sample {faults[-1]}',
                logger='current',
                level=logging.WARNING,
            )
    if faults and len(faults) == len(inds):
        raise ValueError(f'no image can be read, the first: {faults[0]}')
    path = written.finish(f'{part} of {cfg.filename}')
    return ExportResult(path, len(inds) - len(faults), len(faults))


def _check_arguments(
    what: str,
    num: int | None,
    round_file: str | Path | None,
    suffix: str,
    files: str,
    split: str,
) -> None:
    for name, value, choices in (
        ('what', what, EXPORT_KINDS),
        ('suffix', suffix, IMAGE_FORMATS),
        ('files', files, EXPORT_FORMATS),
        ('split', split, ('train', 'val', 'test')),
    ):
        if value not in choices:
            raise ValueError(f'{name} must be one of {choices}, got {value!r}')
    if num is not None and num < 1:
        raise ValueError(f'num must be positive, got {num}')
    if round_file is not None and what != 'hard-chips':
        raise ValueError(f'a round file goes with hard-chips, not with {what}')
    if split != 'train' and what != 'images':
        raise ValueError(f'split {split} goes with images, not with {what}')


def _open_source(
    cfg: Config, what: str, round_file: str | Path | None, suffix: str
) -> _Source:
    if what == 'canvases':
        canvases = rendering_canvases(cfg)
        return _Source(
            canvases,
            start=0,
            total=len(canvases),
            describe=_describe_canvas,
            suffix=suffix,
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
        describe=_describe_chip,
        suffix=suffix,
    )


def _describe_chip(info: dict, sample: dict) -> dict[str, Any]:
    chip = info['chip']
    if 'gt_bboxes' not in sample:
        raise ValueError('the pipeline gave no boxes')
    bboxes = as_bboxes(sample['gt_bboxes'].numpy())
    pasted = pasted_flags(sample, info['instances'], chip)
    factors = sample.get('scale_factor', (1.0, 1.0))
    return {
        'bboxes': bboxes,
        'labels': np.asarray(sample['gt_bboxes_labels']),
        'ignored': np.asarray(sample['gt_ignore_flags'], dtype=bool),
        'pasted': pasted if len(pasted) == len(bboxes) else None,
        'extra': {
            'window': np.asarray(chip['window']).tolist(),
            'scale_factor': [float(factor) for factor in factors],
            'scale_ind': int(chip['scale_ind']),
        },
    }


def _describe_canvas(info: dict, _: dict) -> dict[str, Any]:
    instances = info['instances']
    bboxes, ignored = instance_arrays(instances)
    return {
        'bboxes': bboxes,
        'labels': instance_labels(instances),
        'ignored': ignored,
        'pasted': [bool(item.get('pasted')) for item in instances],
        'extra': {
            'window': [0.0, 0.0, float(info['width']), float(info['height'])],
            'scale_factor': [1.0, 1.0],
            # A canvas is used at every scale, and is a chip of no scale.
            'scale_ind': None,
        },
    }
