"""Weights of the tiny detector, as a run saves them but not trained."""

from pathlib import Path
from typing import Any

import torch
from mmdet.registry import MODELS
from mmengine.config import Config

from mmhcm.datasets import VisDroneDataset
from tests.support.tiny_run import tiny_config, write_tiny_run


def write_tiny_checkpoint(root: Path) -> tuple[Path, Path]:
    """Write a config without its data, and weights; return both paths.

    The detector finds about as many objects as it may, all of low scores.
    """
    config = write_tiny_run(root)
    (root / 'data').rename(root / 'moved')
    meta = {'dataset_meta': dict(VisDroneDataset.METAINFO)}
    cfg = tiny_config(config, root / 'work')
    return config, save_weights(cfg, root / 'tiny.pth', meta=meta)


def save_weights(cfg: Config, path: Path, **content: Any) -> Path:
    """Save initial weights of a config's detector, and return the path."""
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    torch.save({'state_dict': model.state_dict(), **content}, path)
    return path
