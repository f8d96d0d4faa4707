"""Figures of a config's data: counts, sizes, canvases, masks."""

from collections.abc import Sequence

import numpy as np
from mmdet.registry import DATASETS
from mmengine.config import Config
from mmengine.dataset import BaseDataset, Compose
from mmengine.registry import init_default_scope

from mmhcm.apis.analysis import analyze, statistics_text
from mmhcm.apis.data import (
    InputResizing,
    canvas_pipeline,
    iterate_images,
    min_visible_of,
    rendering_canvases,
    training_cfgs,
    training_pipeline,
)
from mmhcm.datasets import ChipDataset
from mmhcm.engine.mining import mining_settings
from mmhcm.functional.boxes import as_bboxes, box_wh, sqrt_areas
from mmhcm.structures.images import distinct_names
from mmhcm.structures.pool import ObjectPool
from mmhcm.structures.type_names import type_name
from mmhcm.visualization.box_styles import MASKED, PASTED
from mmhcm.visualization.figures import (
    Drawing,
    Photo,
    PhotoRow,
    box_statistics,
    choose_images,
    draw_counts,
    draw_distributions,
    draw_photos,
    photo_rows,
)

_SOURCE, _INPUT, _RATIO = (
    'sqrt(area), source pixels',
    'sqrt(area), input pixels',
    'width / height',
)
#: Names of counts in ``analyze``, and in the legend.
_SERIES = {
    'images': 'images',
    'normal chips': 'chips',
    'canvas chips': 'augmented chips',
}


def counts_figure(
    cfg: Config,
    dataset: ChipDataset,
    num_canvases: int | None = None,
    width: str = 'single',
) -> Drawing:
    """Draw the objects by class in images, chips and augmented chips.

    Args:
        cfg: The config.
        dataset: Chips of the config, see ``build_training_data``.
        num_canvases: Number of canvases with pasted objects, whose chips are
            the augmented chips; 0 leaves these chips out. Defaults to None,
            the number of a mining round if the config pastes objects.
        width: 'single' or 'double'.
    """
    if num_canvases is None:
        num_canvases = _round_canvases(cfg, dataset)
    statistics = analyze(cfg, dataset, num_canvases or None)
    counts = {
        name: statistics['counts'][key]
        for key, name in _SERIES.items()
        if key in statistics['counts']
    }
    ratios = {
        name: statistics['ratios'][key]
        for key, name in _SERIES.items()
        if key in statistics['ratios']
    }
    figure = draw_counts(statistics['classes'], counts, ratios, width)
    return Drawing(figure, statistics, statistics_text(statistics))


def object_sizes_figure(
    cfg: Config, dataset: ChipDataset, width: str = 'double'
) -> Drawing:
    """Draw sizes and aspect ratios by class, in images and inputs.

    Args:
        cfg: The config, for its pipeline.
        dataset: Chips of the config, see ``build_training_data``.
        width: 'single' or 'double'.
    """
    classes = list(dataset.metainfo['classes'])
    values = collect_sizes(cfg, dataset)
    if not any(len(part) for part in values[_SOURCE]):
        raise ValueError(f'{cfg.filename}: no object to measure')
    numbers = {
        label: {
            name: {'objects': len(part), **box_statistics(part)}
            if len(part)
            else None
            for name, part in zip(classes, parts, strict=True)
        }
        for label, parts in values.items()
    }
    lines = ['median, and 5 to 95 %']
    lines.append(' ' * 20 + ''.join(f'{label:>30}' for label in values))
    for name in classes:
        cells = [
            '-'
            if (row := numbers[label][name]) is None
            else f'{row["med"]:.3g} ({row["whislo"]:.3g} to '
            f'{row["whishi"]:.3g})'
            for label in values
        ]
        lines.append(f'{name:<20}' + ''.join(f'{cell:>30}' for cell in cells))
    figure = draw_distributions(classes, values, width)
    return Drawing(figure, numbers, '\n'.join(lines))


def canvases_figure(
    cfg: Config,
    num: int = 4,
    seed: int = 0,
    columns: int = 2,
    width: str = 'double',
    pool: ObjectPool | None = None,
) -> Drawing:
    """Draw canvases of the first mining round, external canvases below.

    Args:
        cfg: A config that mines hard chips.
        num: Number of canvases of own images, and of external canvases if
            the config has external images.
        seed: Seed of the choice of canvases.
        columns: Pictures in a row.
        width: 'single' or 'double'.
        pool: The object pool. Defaults to None: the config's, built if it
            is absent.
    """
    canvases = rendering_canvases(cfg, pool)
    num_sources = min(len(canvases.sources), 2)
    found: list[list[Photo]] = [[] for _ in range(num_sources)]
    names = []
    for ind in np.random.default_rng(seed).permutation(len(canvases)):
        info = canvases.get_data_info(int(ind))
        photos = found[min(info['canvas'].source, 1)]
        if len(photos) < num:
            names.append(str(info['img_id']))
            pasted = [
                item['bbox']
                for item in info['instances']
                if item.get('pasted')
            ]
            boxes = (
                (MASKED, as_bboxes(info['ignored_regions'])),
                (PASTED, as_bboxes(pasted)),
            )
            photos.append(Photo(canvases.pipeline(info)['img'], boxes))
        if all(len(part) >= num for part in found):
            break
    rows = photo_rows(found[0], columns)
    if num_sources > 1:
        rows = photo_rows(found[0], columns, 'own images')
        rows += photo_rows(found[1], columns, 'external images')
    text = f'canvases {", ".join(names)}'
    return Drawing(draw_photos(rows, width), text=text)


def masking_figure(
    cfg: Config,
    num: int = 2,
    seed: int = 0,
    images: Sequence[str] = (),
    external: bool = False,
    width: str = 'double',
) -> Drawing:
    """Draw images before and after masking, regions boxed in red.

    Args:
        cfg: A config whose training masks ignored regions.
        num: Number of images, drawn at random from the images with regions.
        seed: Seed of the random choice.
        images: Stems of images to draw instead of random images.
        external: Draw the config's external images.
        width: 'single' or 'double'.

    Raises:
        ValueError: the config masks nothing, or no image has a region.
    """
    steps = [
        step
        for step in canvas_pipeline(cfg)
        if type_name(step) != 'PasteObjects'
    ]
    if len(steps) < 2:
        raise ValueError(f'{cfg.filename}: training masks no ignored regions')
    found = [
        info
        for dataset in _image_datasets(cfg, external)
        for info in map(dataset.get_data_info, range(len(dataset)))
        if len(info.get('ignored_regions', ()))
    ]
    names = distinct_names([info['img_path'] for info in found])
    infos = dict(zip(names, found, strict=True))
    if not infos:
        raise ValueError(f'{cfg.filename}: no image has an ignored region')
    before: list[Photo] = []
    after: list[Photo] = []
    stems = choose_images(list(infos), num, seed, images)
    for stem in stems:
        info = infos[stem]
        boxes = ((MASKED, as_bboxes(info['ignored_regions'])),)
        for photos, chosen in ((before, steps[:1]), (after, steps)):
            photos.append(Photo(Compose(chosen)(dict(info))['img'], boxes))
    rows = [PhotoRow(before, 'before'), PhotoRow(after, 'after masking')]
    return Drawing(draw_photos(rows, width), text=f'images {", ".join(stems)}')


def _round_canvases(cfg: Config, dataset: ChipDataset) -> int:
    """Count the canvases of a mining round; 0 if nothing is pasted."""
    try:
        settings = mining_settings(cfg)
    except ValueError:
        return 0
    if not settings.pool:
        return 0
    total = settings.canvases.get('num_canvases')
    return int(total or len(dataset.dataset))


def collect_sizes(
    cfg: Config, dataset: ChipDataset
) -> dict[str, list[np.ndarray]]:
    """Collect the values (n,) of each class, by axis label."""
    pipeline = training_pipeline(cfg)
    resizing = InputResizing(pipeline)
    num_classes = len(dataset.metainfo['classes'])
    bboxes: dict[str, list[np.ndarray]] = {_SOURCE: [], _INPUT: []}
    labels: dict[str, list[np.ndarray]] = {_SOURCE: [], _INPUT: []}
    for image in iterate_images(dataset, min_visible_of(pipeline)):
        bboxes[_SOURCE].append(image.bboxes[~image.ignored])
        labels[_SOURCE].append(image.labels[~image.ignored])
        cropped_wh = (
            image.image_wh
            if dataset.scales is None
            else (dataset.chip_size,) * 2
        )
        for chip_bboxes, inds, keep in image.projections():
            factors, _ = resizing(cropped_wh)
            bboxes[_INPUT].append(chip_bboxes[keep] * np.tile(factors, 2))
            labels[_INPUT].append(image.labels[inds[keep]])
    values: dict[str, list[np.ndarray]] = {}
    for name in (_SOURCE, _INPUT):
        boxes = np.concatenate([as_bboxes([]), *bboxes[name]])
        owners = np.concatenate([np.zeros(0, np.int64), *labels[name]])
        # A box without area has neither a size nor a shape.
        solid = box_wh(boxes).min(axis=1, initial=np.inf) > 0
        parts = [
            boxes[solid & (owners == label)] for label in range(num_classes)
        ]
        values[name] = [sqrt_areas(part) for part in parts]
        if name == _SOURCE:
            values[_RATIO] = [wh[:, 0] / wh[:, 1] for wh in map(box_wh, parts)]
    return {name: values[name] for name in (_SOURCE, _INPUT, _RATIO)}


def _image_datasets(cfg: Config, external: bool) -> list[BaseDataset]:
    """Build the data sets of own images, or of external images.

    Raises:
        ValueError: the config has no external data sets.
    """
    init_default_scope(cfg.get('default_scope', 'mmdet'))
    if not external:
        _, image_cfg = training_cfgs(cfg)
        return [DATASETS.build({**image_cfg, 'pipeline': []})]
    settings = mining_settings(cfg).external
    if not settings:
        raise ValueError(f'{cfg.filename} has no external images')
    return [DATASETS.build({**item, 'pipeline': []}) for item in settings]
