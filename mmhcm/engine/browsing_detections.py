"""Pictures of what a checkpoint detects, and of what it gets wrong."""

from pathlib import Path

import numpy as np
from mmdet.registry import DATASETS
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmhcm.structures.error_boxes import DetectedImage, find_errors
from mmhcm.structures.pool_cutting import read_image
from mmhcm.visualization import Marks, ObjectMarks, draw_marks

from .detecting import detect
from .pictures import class_style, draw_indices, error_marks, save_pictures


def save_detections(
    cfg: Config,
    out_dir: str | Path,
    num: int,
    checkpoint: str | Path,
    seed: int = 0,
    score_thr: float = 0.3,
) -> list[Path]:
    """Draw detections on validation images, by the config's test pipeline.

    Where an image has annotations, the detections are compared with them and
    errors are drawn as on hard chips.

    Args:
        cfg: The config.
        out_dir: Folder of the pictures; ``detections.jpg`` has them all.
        num: Number of images, drawn at random.
        checkpoint: Weights.
        seed: Of that draw. Defaults to 0.
        score_thr: Lowest score that is drawn. Defaults to 0.3.

    Returns:
        The files, the contact sheet last.
    """
    init_default_scope(cfg.get('default_scope', 'mmdet'))
    dataset = DATASETS.build(cfg.val_dataloader.dataset)
    style = class_style(dataset.metainfo)

    inds = draw_indices(len(dataset), num, seed)
    # In the order in which the pictures are asked for.
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
            error_marks(errors, style['classes'], tag_missed=False),
            f'{name}: {len(bboxes)} detections from {score_thr:g}',
        )
        image = read_image(info['img_path'])
        return name, draw_marks(image, marks, **style)

    return save_pictures(Path(out_dir), 'detections', inds, picture)
