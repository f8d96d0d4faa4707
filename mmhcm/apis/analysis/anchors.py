"""Fitting of anchors to the objects of a config's input (paper 4.1)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from mmdet.models.task_modules import AnchorGenerator
from mmengine.config import Config

from mmhcm.apis.data import (
    InputResizing,
    iterate_images,
    min_visible_of,
    training_pipeline,
)
from mmhcm.datasets import ChipDataset
from mmhcm.functional.anchors import (
    AnchorSpec,
    best_ious,
    fit_anchors,
    summarize_ious,
)
from mmhcm.functional.boxes import as_bboxes, sqrt_areas
from mmhcm.structures.type_names import type_name

_MMDET_SCALES, _MMDET_RATIOS = (8.0,), (0.5, 1.0, 2.0)


@dataclass(frozen=True)
class TrainingObjects:
    """Learned objects, in pixels of the network's input.

    An object that is learned in several chips counts once for each chip.

    Attributes:
        bboxes: float32 (n, 4) xyxy, input pixels.
        input_whs: int64 (n, 2), width and height of the padded input.
        source_bboxes: float32 (s, 4), the data set's objects, source pixels.
        image_whs: int64 (m, 2), source pixels.
    """

    bboxes: np.ndarray
    input_whs: np.ndarray
    source_bboxes: np.ndarray
    image_whs: np.ndarray


@dataclass(frozen=True)
class AnchorFit:
    """Anchors before and after fitting, and their IoUs with the objects.

    Attributes:
        head: Part of the model that has the anchors.
        objects: Objects that the anchors were fitted to.
        specs: Anchors by name: MMDetection's default, the config's, fitted.
        figures: Result of ``summarize_ious`` for the anchors of each name.
    """

    head: str
    objects: TrainingObjects
    specs: dict[str, AnchorSpec]
    figures: dict[str, dict[str, float]]


def fit_config_anchors(
    cfg: Config,
    dataset: ChipDataset,
    num_scales: int | None = None,
    num_ratios: int | None = None,
    seed: int = 0,
) -> AnchorFit:
    """Fit anchors to the objects on a config's chips.

    Args:
        cfg: The config, for its anchors, pipeline and padding.
        dataset: Chips of the config, see ``build_training_data``.
        num_scales: Scales per level. Defaults to None, as many as in the
            config.
        num_ratios: Ratios per level. Defaults to None, as many as in the
            config.
        seed: Seed of random resizing, and of the sample of boxes if there are
            many. Defaults to 0.

    Raises:
        ValueError: the model has no anchors of a plain ``AnchorGenerator``.
    """
    head, present = present_anchors(cfg)
    objects = training_objects(cfg, dataset, seed)
    fitted = fit_anchors(
        objects.bboxes,
        objects.input_whs,
        present.strides,
        num_scales or len(present.scales),
        num_ratios or len(present.ratios),
        rng=np.random.default_rng(seed),
    )
    specs = {
        "MMDetection's default": replace(
            present, scales=_MMDET_SCALES, ratios=_MMDET_RATIOS
        ),
        "the config's": present,
        'fitted': fitted,
    }
    figures = {
        name: summarize_ious(
            best_ious(objects.bboxes, objects.input_whs, spec)
        )
        for name, spec in specs.items()
    }
    return AnchorFit(head, objects, specs, figures)


def present_anchors(cfg: Config) -> tuple[str, AnchorSpec]:
    """Return the name of the head with anchors, and its anchors.

    Raises:
        ValueError: the model has no anchors of a plain ``AnchorGenerator``.
    """
    for head in ('rpn_head', 'bbox_head'):
        settings = dict(cfg.model.get(head, {}).get('anchor_generator', {}))
        if not settings:
            continue
        kind = type_name(settings)
        settings.pop('type')
        settings.pop('_scope_', None)
        if kind != AnchorGenerator.__name__:
            raise ValueError(f'cannot fit anchors of type {kind}')
        anchors = AnchorGenerator(**settings)
        strides = tuple(int(stride[0]) for stride in anchors.strides)
        if anchors.center_offset or tuple(anchors.base_sizes) != strides:
            raise ValueError(
                'cannot fit anchors with a center_offset or base_sizes'
            )
        return head, AnchorSpec(
            strides=strides,
            scales=_as_written(anchors.scales),
            ratios=_as_written(anchors.ratios),
        )
    raise ValueError(f'the model of {cfg.filename} has no anchors')


def training_objects(
    cfg: Config, dataset: ChipDataset, seed: int = 0
) -> TrainingObjects:
    """Collect the learned objects, in pixels of the network's input."""
    pipeline = training_pipeline(cfg)
    resizing = InputResizing(pipeline, seed)
    divisor = cfg.model.get('data_preprocessor', {}).get('pad_size_divisor', 1)
    bboxes, input_whs, sources, image_whs = [], [], [], []
    for image in iterate_images(dataset, min_visible_of(pipeline)):
        image_whs.append(image.image_wh)
        sources.append(image.bboxes[~image.ignored])
        for chip_bboxes, _, keep in image.projections():
            side = dataset.chip_size
            cropped_wh = (
                image.image_wh if dataset.scales is None else (side,) * 2
            )
            factors, resized_wh = resizing(cropped_wh)
            factors = np.tile(factors, 2).astype(np.float32)
            bboxes.append(chip_bboxes[keep] * factors)
            padded_wh = -(-resized_wh // divisor) * divisor
            input_whs.append(np.tile(padded_wh, (int(keep.sum()), 1)))
    return TrainingObjects(
        bboxes=np.concatenate([as_bboxes([]), *bboxes]),
        input_whs=np.concatenate([np.zeros((0, 2), np.int64), *input_whs]),
        source_bboxes=np.concatenate([as_bboxes([]), *sources]),
        image_whs=np.array(image_whs, dtype=np.int64).reshape(-1, 2),
    )


def fit_text(fit: AnchorFit) -> str:
    """Format the number and sizes of the objects, and the anchors' recall."""
    objects = fit.objects
    sizes = sqrt_areas(objects.bboxes)
    quantiles = ' / '.join(
        f'{value:.0f}' for value in np.quantile(sizes, (0.05, 0.5, 0.95))
    )
    lines = [
        f'{len(objects.source_bboxes):,} objects in '
        f'{len(objects.image_whs):,} images, {len(objects.bboxes):,} on the '
        "network's inputs",
        f'sqrt(area) 5 / 50 / 95 %: {quantiles} input pixels',
        '',
        f'{"best possible recall":<24}{"IoU 0.5":>9}{"IoU 0.7":>9}'
        f'{"mean best IoU":>15}',
    ]
    for name, figures in fit.figures.items():
        lines.append(
            f'{name:<24}{figures["bpr_50"]:9.2%}{figures["bpr_70"]:9.2%}'
            f'{figures["mean_best_iou"]:15.4f}   '
            f'{_short(fit.specs[name])}'
        )
    return '\n'.join(lines)


def anchor_text(head: str, spec: AnchorSpec) -> str:
    """Format anchors as lines to paste into a config."""
    return '\n'.join(
        [
            'model = dict(',
            f'    {head}=dict(',
            '        anchor_generator=dict(',
            '            _delete_=True,',
            "            type='AnchorGenerator',",
            f'            scales={_numbers(spec.scales)},',
            f'            ratios={_numbers(spec.ratios)},',
            f'            strides={_numbers(spec.strides)},',
            '        )',
            '    )',
            ')',
        ]
    )


def _as_written(values: torch.Tensor) -> tuple[float, ...]:
    """Undo the rounding to float32."""
    return tuple(round(value, 5) for value in values.tolist())


def _short(spec: AnchorSpec) -> str:
    return f'scales {_numbers(spec.scales)} ratios {_numbers(spec.ratios)}'


def _numbers(values: Sequence[float]) -> str:
    return '[' + ', '.join(f'{value:.4g}' for value in values) + ']'
