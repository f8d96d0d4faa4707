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
from mmhcm.structures.error_boxes import find_errors
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
                info['instances'],
                info.get('ignored_regions', []),
                detections.bboxes,
                found.scores[chosen],
                detections.labels,
                score_thr=score_thr,
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
