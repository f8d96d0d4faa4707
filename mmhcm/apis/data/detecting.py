"""Detections of a checkpoint on single images."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.dataset import BaseDataset, pseudo_collate
from mmengine.runner import load_checkpoint

from mmhcm.functional.boxes import as_bboxes
from mmhcm.functional.merging import Detections


@torch.no_grad()
def detect(
    cfg: Config,
    checkpoint: str | Path,
    dataset: BaseDataset,
    inds: Iterable[int],
    score_thr: float,
) -> Iterator[Detections]:
    """Yield each image's detections, in pixels of the source image.

    Args:
        cfg: The config of the model.
        checkpoint: File of the weights.
        dataset: The data set of images.
        inds: Indices of the images, in the order of the results.
        score_thr: Lowest score that is kept.
    """
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    model = MODELS.build(cfg.model)
    load_checkpoint(model, str(checkpoint), map_location='cpu')
    model.to(device).eval()
    for ind in inds:
        (sample,) = model.test_step(pseudo_collate([dataset[ind]]))
        found = sample.pred_instances.cpu().numpy()
        kept = found.scores >= score_thr
        yield Detections(
            as_bboxes(found.bboxes[kept]),
            found.scores[kept],
            found.labels[kept],
        )
