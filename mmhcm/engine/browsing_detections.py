"""Pictures of what a checkpoint detects, and of what it gets wrong."""

from pathlib import Path

import numpy as np
import torch
from mmdet.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint

from mmhcm.functional.boxes import as_bboxes
from mmhcm.functional.errors import DetectionType, classify_errors
from mmhcm.structures.hard_chips import ErrorBox
from mmhcm.structures.pool_cutting import read_image
from mmhcm.visualization import Marks, ObjectMarks, draw_marks

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
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    model = MODELS.build(cfg.model)
    load_checkpoint(model, str(checkpoint), map_location='cpu')
    model.to(device).eval()
    style = class_style(dataset.metainfo)

    @torch.no_grad()
    def picture(ind: int) -> tuple[str, np.ndarray]:
        info = dataset.get_data_info(ind)
        (sample,) = model.test_step(pseudo_collate([dataset[ind]]))
        found = sample.pred_instances.cpu().numpy()
        chosen = found.scores >= score_thr
        detections = ObjectMarks(
            as_bboxes(found.bboxes[chosen]), found.labels[chosen]
        )
        errors = (
            find_errors(
                info,
                detections.bboxes,
                found.scores[chosen],
                detections.labels,
                score_thr,
            )
            if info['instances']
            else []
        )
        name = Path(info['img_path']).stem
        marks = Marks(
            detections,
            info.get('ignored_regions', []),
            error_marks(errors, style['classes'], tag_missed=False),
            f'{name}: {int(chosen.sum())} detections from {score_thr:g}',
        )
        image = read_image(info['img_path'])
        return name, draw_marks(image, marks, **style)

    inds = draw_indices(len(dataset), num, seed)
    return save_pictures(Path(out_dir), 'detections', inds, picture)


def find_errors(
    info: dict,
    det_bboxes: np.ndarray,
    det_scores: np.ndarray,
    det_labels: np.ndarray,
    score_thr: float,
) -> list[ErrorBox]:
    """Errors of all kinds on one image, in its pixels.

    Args:
        info: The image's data info.
        det_bboxes: (n, 4) xyxy.
        det_scores: (n,).
        det_labels: int (n,).
        score_thr: Lowest score of a detection that counts.
    """
    instances = info['instances']
    gt_bboxes = as_bboxes([item['bbox'] for item in instances])
    gt_labels = np.array(
        [item['bbox_label'] for item in instances], dtype=np.int64
    )
    types = classify_errors(
        det_bboxes,
        det_scores,
        det_labels,
        gt_bboxes,
        gt_labels,
        np.array([item['ignore_flag'] for item in instances], dtype=bool),
        as_bboxes(info.get('ignored_regions', [])),
        score_thr=score_thr,
    )
    errors = []
    for ind in np.flatnonzero(types.det_types == DetectionType.BACKGROUND):
        bbox = tuple(det_bboxes[ind].tolist())
        label, score = int(det_labels[ind]), float(det_scores[ind])
        errors.append(ErrorBox(bbox, 'background', label, -1, score))
    for ind in np.flatnonzero(types.det_types == DetectionType.CLASS):
        gt_ind = types.det_gt_inds[ind]
        bbox = tuple(gt_bboxes[gt_ind].tolist())
        label, score = int(det_labels[ind]), float(det_scores[ind])
        true = int(gt_labels[gt_ind])
        errors.append(ErrorBox(bbox, 'class', label, true, score))
    for gt_ind in np.flatnonzero(types.missed):
        bbox = tuple(gt_bboxes[gt_ind].tolist())
        true = int(gt_labels[gt_ind])
        errors.append(ErrorBox(bbox, 'missed', -1, true, 0.0))
    return errors
