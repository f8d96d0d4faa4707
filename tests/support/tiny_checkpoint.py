"""Weights of the tiny detector, as a run saves them but not trained."""

from pathlib import Path

import torch
from mmdet.registry import MODELS

from mmhcm.datasets import VisDroneDataset
from tests.support.tiny_run import tiny_config, write_tiny_run


def write_tiny_checkpoint(root: Path) -> tuple[Path, Path]:
    """Write a config without its data, and weights; return both paths.

    The detector finds about as many objects as it may, all of low scores.
    """
    config = write_tiny_run(root)
    (root / 'data').rename(root / 'moved')
    torch.manual_seed(0)
    model = MODELS.build(tiny_config(config, root / 'work').model)
    meta = {'dataset_meta': dict(VisDroneDataset.METAINFO)}
    checkpoint = root / 'tiny.pth'
    torch.save({'state_dict': model.state_dict(), 'meta': meta}, checkpoint)
    return config, checkpoint
