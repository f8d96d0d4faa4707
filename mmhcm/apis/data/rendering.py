"""Chips and canvases of a config as pixels, without random transforms."""

from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config
from mmengine.dataset import Compose

from mmhcm.datasets import CanvasDataset, ChipDataset
from mmhcm.engine.mining import (
    MiningSources,
    build_canvases,
    check_patches,
    find_round,
    mining_settings,
    open_or_build_pool,
    pool_settings,
)
from mmhcm.functional.boxes import as_bboxes
from mmhcm.functional.chips import project_to_chip
from mmhcm.structures.pool import ObjectPool
from mmhcm.structures.rounds import read_round
from mmhcm.structures.type_names import type_name

from .training_data import build_training_data, training_pipeline


def chip_pipeline(cfg: Config) -> list[dict]:
    """List the training transforms that are neither random nor packing."""
    return [
        transform
        for transform in training_pipeline(cfg)
        if not type_name(transform).startswith(('Random', 'Pack'))
    ]


def canvas_pipeline(cfg: Config) -> list[dict]:
    """List the training transforms that render a whole canvas."""
    wanted = (
        *('LoadImage', 'LoadChipImage'),
        *('MaskIgnoredRegions', 'PasteObjects'),
    )
    return [
        t for t in training_pipeline(cfg) if type_name(t).startswith(wanted)
    ]


def rendering_chips(cfg: Config) -> ChipDataset:
    """Build training data whose pipeline ends with picture and boxes."""
    dataset = build_training_data(cfg)
    dataset.pipeline = Compose(chip_pipeline(cfg))
    return dataset


def rendering_hard_chips(
    cfg: Config,
    round_file: str | Path | None = None,
    pool: ObjectPool | None = None,
) -> ChipDataset:
    """Build data as in :func:`rendering_chips`, with a round's hard chips.

    Args:
        cfg: The config that the chips were mined with.
        round_file: A mined round. Defaults to None: the last round in the
            work directory.
        pool: The object pool. Defaults to None: the config's pool.

    Raises:
        FileNotFoundError: the work directory has no round.
        ValueError: the round cannot be read, or is of other images or another
            pool.
    """
    path = Path(round_file or find_round(cfg.work_dir))
    hard_round = read_round(path)
    dataset = rendering_chips(cfg)
    settings = mining_settings(cfg)
    sources = MiningSources(
        dataset.dataset, settings.external, settings.pool, cfg.work_dir
    )
    if pool is not None:
        sources.pool = pool
    sources.check([{'round': hard_round.number, **hard_round.origin}])
    check_patches(path, hard_round, sources.pool)
    dataset.set_hard_chips(hard_round, sources.pool, sources.external)
    return dataset


def rendering_canvases(
    cfg: Config, pool: ObjectPool | None = None
) -> CanvasDataset:
    """Build the canvases of the first mining round, ready to be rendered.

    Args:
        cfg: A config that mines hard chips.
        pool: The object pool. Defaults to None: the config's pool, built if
            absent.
    """
    dataset = build_training_data(cfg)
    pool = pool or config_pool(cfg, dataset)
    total = mining_settings(cfg).canvases.get('num_canvases')
    canvases = build_canvases(
        cfg, dataset, total or len(dataset.dataset), pool
    )
    canvases.pipeline = Compose(canvas_pipeline(cfg))
    return canvases


def config_pool(cfg: Config, dataset: ChipDataset) -> ObjectPool:
    """Open the object pool that a config's mining uses, or build the pool.

    Raises:
        ValueError: the config has no object pool.
    """
    return open_or_build_pool(
        pool_settings(cfg), cfg.work_dir, dataset.dataset
    )


def pasted_flags(
    sample: dict, instances: Sequence[dict], chip: dict
) -> list[bool]:
    """Flag the boxes of a rendered chip that were pasted.

    Args:
        sample: Output of the pipeline for the chip.
        instances: Instances of the chip's whole image.
        chip: See ``ChipDataset``.

    Returns:
        One flag per box; empty if a transform has dropped boxes.
    """
    _, inds, _ = project_to_chip(
        as_bboxes([item['bbox'] for item in instances]),
        chip['window'],
        chip['valid'],
        chip['resize'],
    )
    pasted = [bool(instances[ind].get('pasted')) for ind in inds]
    return pasted if len(pasted) == len(sample['gt_bboxes']) else []
