"""Pictures of what a config trains on, mines and detects."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from mmdet.registry import DATASETS
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmhcm.apis.data import (
    detect,
    pasted_flags,
    rendering_canvases,
    rendering_chips,
    rendering_hard_chips,
)
from mmhcm.datasets import ChipDataset
from mmhcm.functional.boxes import as_bboxes, box_areas, clip_boxes
from mmhcm.structures.pool import ObjectPool, read_image
from mmhcm.structures.rounds import DetectedImage, find_errors
from mmhcm.visualization.pictures import (
    ErrorMarks,
    Marks,
    ObjectMarks,
    draw_marks,
)

from .pictures import draw_indices, save_pictures

#: Least share of an error's box inside a chip for the box to be drawn there.
_MIN_VISIBLE = 0.5


def save_chips(
    cfg: Config, out_dir: str | Path, num: int, seed: int = 0
) -> list[Path]:
    """Draw normal chips as training uses them, without random transforms.

    Args:
        cfg: The config.
        out_dir: Folder of the pictures; ``chips.jpg`` has them all.
        num: Number of chips, drawn at random.
        seed: Seed of that draw. Defaults to 0.

    Returns:
        The files, the contact sheet last.
    """
    dataset = rendering_chips(cfg)
    inds = draw_indices(dataset.num_normal, num, seed)
    return save_pictures(
        Path(out_dir), 'chips', inds, lambda ind: _draw_chip(dataset, ind)
    )


def save_canvases(
    cfg: Config,
    out_dir: str | Path,
    num: int,
    seed: int = 0,
    pool: ObjectPool | None = None,
) -> list[Path]:
    """Draw canvases of the first mining round, with their pasted objects.

    Args:
        cfg: A config that mines hard chips.
        out_dir: Folder of the pictures; ``canvases.jpg`` has them all.
        num: Number of canvases, drawn at random from the round.
        seed: Seed of that draw. Defaults to 0.
        pool: The object pool. Defaults to None: the config's pool, built if
            absent.

    Returns:
        The files, the contact sheet last.
    """
    canvases = rendering_canvases(cfg, pool)
    inds = draw_indices(len(canvases), num, seed)

    def picture(ind: int) -> tuple[str, np.ndarray]:
        info = canvases.get_data_info(ind)
        name = f'{info["img_id"]}_canvas_{ind}'
        num_pastes = len(info.get('pastes', ()))
        skipped = info['num_skipped_pastes']
        title = f'{name}: {num_pastes} pasted, {skipped} without a place'
        objects = ObjectMarks.of(info['instances'])
        regions = info['ignored_regions']
        image = canvases.pipeline(info)['img']
        marks = Marks(objects, regions, title=title)
        return name, draw_marks(image, marks, canvases.metainfo['classes'])

    return save_pictures(Path(out_dir), 'canvases', inds, picture)


def save_hard_chips(
    cfg: Config,
    out_dir: str | Path,
    num: int,
    seed: int = 0,
    round_file: str | Path | None = None,
    pool: ObjectPool | None = None,
) -> list[Path]:
    """Draw hard chips with the errors that they were mined for.

    Args:
        cfg: The config that the chips were mined with.
        out_dir: Folder of the pictures; ``hard_chips.jpg`` has them all.
        num: Number of hard chips, drawn at random.
        seed: Seed of that draw. Defaults to 0.
        round_file: A mined round. Defaults to None: the last round in the
            work directory.
        pool: The object pool. Defaults to None: the config's pool.

    Returns:
        The files, the contact sheet last.

    Raises:
        FileNotFoundError: the work directory has no round.
        ValueError: the round cannot be read, or is of other images.
    """
    dataset = rendering_hard_chips(cfg, round_file, pool)
    inds = dataset.num_normal + draw_indices(dataset.num_hard, num, seed)
    return save_pictures(
        Path(out_dir), 'hard_chips', inds, lambda ind: _draw_chip(dataset, ind)
    )


def _draw_chip(dataset: ChipDataset, ind: int) -> tuple[str, np.ndarray]:
    info = dataset.get_data_info(ind)
    chip, classes = info['chip'], dataset.metainfo['classes']
    name = f'{info["img_id"]}_chip_{ind}'
    sample = dataset.pipeline(info)
    regions, shown_shares = _to_chip(info.get('ignored_regions', []), chip)
    marks = Marks(
        _chip_objects(sample, info['instances'], chip),
        regions[shown_shares > 0],
        title=f'{name}, scale {chip["scale_ind"]} (x {chip["resize"]:.2f})',
    )
    if 'hard_errors' in info:
        bboxes, visible = _to_chip(
            [error.bbox for error in info['hard_errors']], chip
        )
        shown = np.flatnonzero(visible >= _MIN_VISIBLE)
        errors = ErrorMarks.of(
            [info['hard_errors'][index] for index in shown],
            classes,
            bboxes[shown],
        )
        marks = Marks(marks.objects, marks.regions, errors, marks.title)
    return name, draw_marks(sample['img'], marks, classes)


def _chip_objects(
    sample: dict, instances: Sequence[dict], chip: dict
) -> ObjectMarks:
    """Collect the objects of a rendered chip, and flag pasted objects."""
    return ObjectMarks(
        as_bboxes(sample['gt_bboxes'].numpy()),
        np.asarray(sample['gt_bboxes_labels']),
        np.asarray(sample['gt_ignore_flags'], dtype=bool),
        np.array(pasted_flags(sample, instances, chip), dtype=bool),
    )


def _to_chip(
    bboxes: Iterable[Sequence[float]], chip: dict
) -> tuple[np.ndarray, np.ndarray]:
    """Return boxes (n, 4) in chip pixels, and their shares inside (n,)."""
    source = as_bboxes(list(bboxes))
    window = np.asarray(chip['window'], dtype=np.float32)
    cut = clip_boxes(source, tuple(window))
    areas = box_areas(source)
    visible = np.zeros(len(source))
    np.divide(box_areas(cut), areas, out=visible, where=areas > 0)
    return (cut - np.tile(window[:2], 2)) * chip['resize'], visible


def save_detections(
    cfg: Config,
    out_dir: str | Path,
    num: int,
    checkpoint: str | Path,
    seed: int = 0,
    score_thr: float = 0.3,
) -> list[Path]:
    """Draw detections on validation images, with their pipeline.

    If an image has annotations, the detections are compared with the
    annotations, and errors are drawn as on hard chips.

    Args:
        cfg: The config.
        out_dir: Folder of the pictures; ``detections.jpg`` has them all.
        num: Number of images, drawn at random.
        checkpoint: File of the weights.
        seed: Seed of that draw. Defaults to 0.
        score_thr: Lowest score that is drawn. Defaults to 0.3.

    Returns:
        The files, the contact sheet last.
    """
    init_default_scope(cfg.get('default_scope', 'mmdet'))
    dataset = DATASETS.build(cfg.val_dataloader.dataset)
    classes = dataset.metainfo['classes']
    inds = draw_indices(len(dataset), num, seed)
    # In the order of the pictures.
    found = detect(cfg, checkpoint, dataset, inds, score_thr)

    def picture(ind: int) -> tuple[str, np.ndarray]:
        info = dataset.get_data_info(ind)
        bboxes, scores, labels = next(found)
        detected = DetectedImage.of(
            info['instances'],
            info.get('ignored_regions', []),
            bboxes,
            scores,
            labels,
        )
        errors = (
            find_errors(detected, detected.classify(score_thr=score_thr))
            if info['instances']
            else []
        )
        name = Path(info['img_path']).stem
        marks = Marks(
            ObjectMarks(bboxes, labels),
            info.get('ignored_regions', []),
            ErrorMarks.of(errors, classes, tag_missed=False),
            f'{name}: {len(bboxes)} detections from {score_thr:g}',
        )
        image = read_image(info['img_path'])
        return name, draw_marks(image, marks, classes)

    return save_pictures(Path(out_dir), 'detections', inds, picture)
