"""Windows, valid ranges, test scale and anchors fitted to training data."""

import os.path as osp
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mmengine.config import Config

from mmhcm.apis.data import training_cfgs
from mmhcm.config_files import SCOPE
from mmhcm.datasets import ChipDataset, build_scales, dataset_boxes
from mmhcm.functional.boxes import sqrt_areas
from mmhcm.functional.chips import ChipScale, propose_scales

from .anchors import (
    AnchorFit,
    anchor_text,
    fit_config_anchors,
    fit_text,
)

#: Long side of a network input above which memory may be short, pixels.
_LONG_SIDE = 4096


@dataclass(frozen=True)
class DataFit:
    """Fitted values of a config.

    Attributes:
        scales: Windows and valid ranges; () if the config's scales are kept.
        test_scale: Resize factor of the test at one scale, at which objects
            are as large as on the chips.
        anchors: Anchors for the objects on the chips of these scales.
    """

    scales: tuple[ChipScale, ...]
    test_scale: float
    anchors: AnchorFit


def fit_config(
    cfg: Config,
    dataset: ChipDataset,
    num_windows: int | None = 3,
    num_scales: int | None = None,
    num_ratios: int | None = None,
    seed: int = 0,
) -> DataFit:
    """Fit windows and valid ranges to objects, and anchors to their chips.

    Args:
        cfg: The config, for its anchors, pipeline and padding.
        dataset: Chips of the config, see ``build_training_data``.
        num_windows: Number of chip scales; fewer if objects differ little in
            size. Defaults to 3. None keeps the config's scales. Without
            effect if the config trains on whole images.
        num_scales: Anchor scales per level. Defaults to None, as many as in
            the config.
        num_ratios: Anchor ratios per level. Defaults to None, as many as in
            the config.
        seed: Seed of random resizing, and of the sample of boxes if there are
            many. Defaults to 0.

    Raises:
        ValueError: no object has an area, or the model has no anchors of a
            plain ``AnchorGenerator``.
    """
    scales: list[ChipScale] = []
    if num_windows is not None and dataset.scales is not None:
        boxes = dataset_boxes(dataset.dataset)
        scales = propose_scales(
            boxes.bboxes[~boxes.ignored],
            boxes.image_whs,
            dataset.chip_size,
            num_windows,
        )
        dataset = _with_scales(dataset, scales)
    anchors = fit_config_anchors(cfg, dataset, num_scales, num_ratios, seed)
    return DataFit(tuple(scales), _test_scale(anchors), anchors)


def data_fit_text(fit: DataFit) -> str:
    """Format the objects, the anchors' recall and the fitted config lines."""
    parts = [fit_text(fit.anchors), fitted_lines(fit)]
    longest = fit.test_scale * fit.anchors.objects.image_whs.max()
    if fit.scales and longest > _LONG_SIDE:
        parts.append(
            f'At this test_scale, images become up to {longest:.0f} pixels '
            'long: lower it if validation runs out of memory, and test with '
            '--slices.'
        )
    return '\n\n'.join(parts)


def fitted_lines(fit: DataFit) -> str:
    """Format the fitted values as lines of a config."""
    lines = [anchor_text(fit.anchors.head, fit.anchors.specs['fitted'])]
    if fit.scales:
        lines = [
            scales_text(fit.scales),
            f'test_scale = {fit.test_scale:g}',
            *lines,
        ]
    return '\n'.join(lines)


def fitted_config(fit: DataFit, base: str, path: str | Path) -> str:
    """Format a config that inherits ``base`` and sets the fitted values.

    Args:
        fit: Fitted values.
        base: Config that the values were fitted for.
        path: Path of the new config.
    """
    if not base.startswith(SCOPE):
        folder = Path(path).resolve().parent
        base = Path(osp.relpath(Path(base).resolve(), folder)).as_posix()
    objects = fit.anchors.objects
    return (
        f'# Fitted by `mmhcm fit` to {len(objects.source_bboxes):,} objects '
        f'in {len(objects.image_whs):,} images.\n'
        f'_base_ = {base!r}\n\n{fitted_lines(fit)}\n'
    )


def scales_text(scales: Sequence[ChipScale]) -> str:
    """Format scales as lines of a config."""
    lines = ['scales = [']
    for scale in scales:
        low, high = scale.valid_range
        end = 'None' if high == np.inf else f'{high:g}'
        stride = '' if scale.stride is None else f', stride={scale.stride}'
        lines.append(
            f'    dict(window={scale.window}, '
            f'valid_range=({low:g}, {end}){stride}),'
        )
    return '\n'.join([*lines, ']'])


def check_fitted(cfg: Config, fit: DataFit) -> None:
    """Check that a config with the fitted scales trains with them.

    Raises:
        ValueError: the config's training data uses other scales.
    """
    if not fit.scales:
        return
    trained = training_cfgs(cfg)[0].get('scales') or ()
    if build_scales(trained) != list(fit.scales):
        raise ValueError(
            f'{cfg.filename}: train_dataloader.dataset.scales is not the '
            "config's `scales`: write scales='${scales}' there"
        )


def _with_scales(
    dataset: ChipDataset, scales: Sequence[ChipScale]
) -> ChipDataset:
    """Return the chips of a data set at other scales, without transforms."""
    return ChipDataset(
        dataset.dataset,
        pipeline=[],
        scales=[
            {
                'window': scale.window,
                'valid_range': scale.valid_range,
                'stride': scale.stride,
            }
            for scale in scales
        ],
        chip_size=dataset.chip_size,
        max_chips=dataset.max_chips,
        ignore_out_of_range=dataset.ignore_out_of_range,
    )


def _test_scale(fit: AnchorFit) -> float:
    """Compute the ratio of mean sizes on chips and in images, rounded."""
    inputs, sources = (
        np.log(sizes[sizes > 0]).mean()
        for sizes in (
            sqrt_areas(fit.objects.bboxes),
            sqrt_areas(fit.objects.source_bboxes),
        )
    )
    return round(float(np.exp(inputs - sources)), 2)
