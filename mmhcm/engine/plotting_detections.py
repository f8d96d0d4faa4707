"""A figure of what a checkpoint detects."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from mmdet.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.dataset import BaseDataset, pseudo_collate
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint

from mmhcm.functional.boxes import as_bboxes
from mmhcm.structures.pool_cutting import read_image
from mmhcm.visualization.figure_style import Drawing
from mmhcm.visualization.photos import (
    Photo,
    choose_images,
    class_boxes,
    detections_text,
    draw_photos,
    photo_rows,
)


def checkpoint_figure(
    cfg: Config,
    checkpoint: str | Path,
    num: int = 4,
    seed: int = 0,
    images: Sequence[str] = (),
    score_thr: float = 0.3,
    columns: int = 2,
    width: str = 'double',
) -> Drawing:
    """Draw what a checkpoint detects on images of the config's validation.

    Args:
        cfg: The config.
        checkpoint: Weights.
        num: Images, drawn at random.
        seed: Of that draw.
        images: Stems of images to take instead.
        score_thr: Lowest score that is drawn.
        columns: Pictures beside each other.
        width: 'single' or 'double'.
    """
    init_default_scope(cfg.get('default_scope', 'mmdet'))
    dataset = DATASETS.build(cfg.val_dataloader.dataset)
    inds = {
        Path(dataset.get_data_info(ind)['img_path']).stem: ind
        for ind in range(len(dataset))
    }
    stems = choose_images(list(inds), num, seed, images)
    classes = dataset.metainfo['classes']
    photos, counts = [], []
    chosen = [inds[stem] for stem in stems]
    for image, bboxes, labels in _detect(
        cfg, dataset, checkpoint, chosen, score_thr
    ):
        counts.append(len(bboxes))
        photos.append(Photo(image, class_boxes(bboxes, labels, classes)))
    return Drawing(
        draw_photos(photo_rows(photos, columns), width),
        text=detections_text(stems, counts, score_thr),
    )


@torch.no_grad()
def _detect(
    cfg: Config,
    dataset: BaseDataset,
    checkpoint: str | Path,
    inds: Sequence[int],
    score_thr: float,
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield each image, its boxes (n, 4) in source pixels and labels (n,)."""
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    model = MODELS.build(cfg.model)
    load_checkpoint(model, str(checkpoint), map_location='cpu')
    model.to(device).eval()
    for ind in inds:
        (sample,) = model.test_step(pseudo_collate([dataset[ind]]))
        found = sample.pred_instances.cpu().numpy()
        shown = found.scores >= score_thr
        yield (
            read_image(dataset.get_data_info(ind)['img_path']),
            as_bboxes(found.bboxes[shown]),
            found.labels[shown],
        )
