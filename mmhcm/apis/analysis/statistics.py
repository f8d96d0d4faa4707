"""Statistics of chips and pasting in a data set: classes, coverage, pixels."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config
from tqdm import tqdm

from mmhcm.apis.data import (
    ChippedImage,
    InputResizing,
    chip_image,
    iterate_images,
    min_visible_of,
    training_pipeline,
)
from mmhcm.datasets import ChipDataset
from mmhcm.engine.mining import build_canvases
from mmhcm.functional.boxes import box_wh, contains
from mmhcm.functional.pasting import instance_counts
from mmhcm.structures.files import atomic_write

_CHIP_SAMPLER_RATIO = 0.5


def analyze(
    cfg: Config, dataset: ChipDataset, num_canvases: int | None = None
) -> dict[str, Any]:
    """Compute statistics of a config's training data.

    Args:
        cfg: The config, for pipeline, sampler and mining.
        dataset: Chips of the config, see ``build_training_data``.
        num_canvases: Number of canvases to generate as in the first mining
            round. None leaves canvases out.

    Returns:
        Plain values, see ``statistics_text``. ``counts`` has the instances by
        class: in images, on normal chips, on canvases, pasted, on chips of
        canvases, and in 1000 training samples. A ratio is None if a class of
        the images is missing.
    """
    pipeline = training_pipeline(cfg)
    min_visible = min_visible_of(pipeline)
    num_classes = len(dataset.metainfo['classes'])
    totals = _Totals(dataset, InputResizing(pipeline))
    for image in iterate_images(dataset, min_visible, 'counting'):
        totals.add(image)
    counts: dict[str, np.ndarray] = {
        'images': totals.objects,
        'normal chips': totals.learned,
    }
    stream = totals.learned / max(totals.num_chips, 1)
    hard_ratio = 0.0
    canvas_figures: dict[str, Any] = {}
    if num_canvases is not None:
        canvases = build_canvases(cfg, dataset, num_canvases)
        on_canvases = _Totals(dataset, InputResizing(pipeline))
        pasted = np.zeros(num_classes, dtype=np.int64)
        skipped = 0
        for index in tqdm(range(len(canvases)), 'canvases', leave=False):
            info = canvases.get_data_info(index)
            on_canvases.add(chip_image(dataset, info, min_visible))
            skipped += info['num_skipped_pastes']
            labels = [paste.label for paste in info.get('pastes', ())]
            pasted += instance_counts(np.array(labels), num_classes)
        counts['canvases'] = on_canvases.objects
        counts['of it pasted'] = pasted
        counts['canvas chips'] = on_canvases.learned
        sampler = cfg.train_dataloader.get('sampler', {})
        hard_ratio = sampler.get('hard_ratio', _CHIP_SAMPLER_RATIO)
        hard = on_canvases.learned / max(on_canvases.num_chips, 1)
        stream = (1 - hard_ratio) * stream + hard_ratio * hard
        canvas_figures = {
            'canvases': len(canvases),
            'skipped_pastes': skipped,
            'canvas_chips': on_canvases.num_chips,
        }
    counts['1000 samples'] = 1000 * stream
    return {
        'classes': list(dataset.metainfo['classes']),
        'counts': {name: values.tolist() for name, values in counts.items()},
        'ratios': {
            name: class_ratio(values, totals.objects)
            for name, values in counts.items()
        },
        'hard_ratio': hard_ratio,
        **totals.figures(),
        **canvas_figures,
    }


def class_ratio(counts: np.ndarray, present: np.ndarray) -> float | None:
    """Divide the largest by the smallest count (c,) of present classes."""
    counts = np.asarray(counts)[np.asarray(present) > 0]
    if not len(counts) or not counts.min() > 0:
        return None
    return float(counts.max() / counts.min())


def statistics_text(figures: Mapping[str, Any]) -> str:
    """Format the figures of ``analyze`` as a table and some lines."""
    counts, names = figures['counts'], figures['classes']
    width = max(len('most / least'), *map(len, names))
    lines = [' ' * width + ''.join(f'{name:>14}' for name in counts)]
    for label, name in enumerate(names):
        cells = (f'{values[label]:14,.0f}' for values in counts.values())
        lines.append(f'{name:<{width}}' + ''.join(cells))
    totals = (f'{sum(values):14,.0f}' for values in counts.values())
    lines.append(f'{"all":<{width}}' + ''.join(totals))
    ratios = (
        f'{"-" if ratio is None else format(ratio, ".1f"):>14}'
        for ratio in figures['ratios'].values()
    )
    lines.append(f'{"most / least":<{width}}' + ''.join(ratios))
    lines += [
        '',
        f'{figures["covered"]:,} of {figures["objects"]:,} objects '
        f'({figures["covered_share"]:.4%}) lie whole in a chip of a suitable '
        f'scale; {figures["no_area"]} without area are left out',
        f'{figures["chips"]:,} chips of {figures["images"]:,} images: '
        f'{figures["chips_per_image"]:.2f} an image; by scale: '
        + ', '.join(f'{number:,}' for number in figures['chips_per_scale']),
        f'{figures["pixels_per_image"] / 1e6:.2f} M input pixels an image '
        f'({figures["content_per_image"] / 1e6:.2f} M without padding), '
        f'{figures["pixels_share"]:.1%} '
        f'({figures["content_share"]:.1%}) of the '
        f'{figures["pyramid_per_image"] / 1e6:.2f} M of the full pyramid',
    ]
    if 'canvases' in figures:
        lines.append(
            f'{figures["canvases"]:,} canvases with '
            f'{sum(counts["of it pasted"]):,} pasted objects '
            f'({figures["skipped_pastes"]:,} found no place) give '
            f'{figures["canvas_chips"]:,} chips'
        )
        lines.append(
            f'training sees {1 - figures["hard_ratio"]:.0%} normal chips and '
            f'{figures["hard_ratio"]:.0%} chips of canvases'
        )
    return '\n'.join(lines)


def write_statistics(path: str | Path, figures: Mapping[str, Any]) -> None:
    """Write the figures of ``analyze`` as JSON."""
    with atomic_write(path) as file:
        file.write(json.dumps(figures, indent=2, allow_nan=False).encode())


class _Totals:
    """Sums over images and their chips."""

    def __init__(self, dataset: ChipDataset, resizing: InputResizing) -> None:
        self.dataset = dataset
        self.resizing = resizing
        num_classes = len(dataset.metainfo['classes'])
        num_scales = 1 if dataset.scales is None else len(dataset.scales) + 1
        self.objects = np.zeros(num_classes, dtype=np.int64)
        self.learned = np.zeros(num_classes, dtype=np.int64)
        self.chips_per_scale = np.zeros(num_scales, dtype=np.int64)
        self.num_images = self.covered = self.no_area = 0
        self.pixels = self.content = self.pyramid = 0.0

    @property
    def num_chips(self) -> int:
        return int(self.chips_per_scale.sum())

    def add(self, image: ChippedImage) -> None:
        self.num_images += 1
        has_area = box_wh(image.bboxes).min(axis=1, initial=np.inf) > 0
        counted = ~image.ignored & has_area
        self.no_area += int((~image.ignored & ~has_area).sum())
        num_classes = len(self.objects)
        self.objects += instance_counts(image.labels[counted], num_classes)
        for _, inds, keep in image.projections():
            self.learned += instance_counts(
                image.labels[inds[keep]], num_classes
            )
        # Computed from windows and boxes, independently of the cover.
        suitable = image.valid[:, image.scale_inds].T  # (chips, objects)
        held = contains(image.windows, image.bboxes) & suitable
        self.covered += int((held.any(axis=0) & counted).sum())
        self.chips_per_scale += np.bincount(
            image.scale_inds, minlength=len(self.chips_per_scale)
        )
        self._add_pixels(image)

    def _add_pixels(self, image: ChippedImage) -> None:
        area = float(np.prod(image.image_wh))
        if self.dataset.scales is None:
            _, resized_wh = self.resizing(image.image_wh)
            resized = float(np.prod(resized_wh))
            self.pixels += resized
            self.content += resized
            self.pyramid += resized
            return
        side = self.dataset.chip_size
        self.pixels += len(image.windows) * side**2
        areas = box_wh(image.windows).prod(axis=1)
        self.content += float((areas * image.resizes**2).sum())
        long_side = max(image.image_wh)
        self.pyramid += area * sum(
            (side / (scale.window or long_side)) ** 2
            for scale in self.dataset.scales
        )

    def figures(self) -> dict[str, Any]:
        objects, images = int(self.objects.sum()), max(self.num_images, 1)
        pyramid = max(self.pyramid, 1.0)
        return {
            'images': self.num_images,
            'objects': objects,
            'no_area': self.no_area,
            'covered': self.covered,
            'covered_share': self.covered / max(objects, 1),
            'chips': self.num_chips,
            'chips_per_image': self.num_chips / images,
            'chips_per_scale': self.chips_per_scale.tolist(),
            'pixels_per_image': self.pixels / images,
            'content_per_image': self.content / images,
            'pyramid_per_image': self.pyramid / images,
            'pixels_share': self.pixels / pyramid,
            'content_share': self.content / pyramid,
        }
