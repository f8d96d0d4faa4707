"""Pictures for the tiny detector, its test modes, and the files it writes."""

from pathlib import Path

import numpy as np
from mmengine.config import Config

from mmhcm.engine.launching import innermost_dataset
from tests.support.tiny_run import tiny_config

#: Lowest score, which some of the detections have.
SCORE_THR = 0.05
WH = (111, 77)


def noise() -> np.ndarray:
    """Draw an image, uint8 (77, 111, 3)."""
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (WH[1], WH[0], 3), dtype=np.uint8)


def mode_config(path: Path, work_dir: Path, mode: str | None = None) -> Config:
    """Load the tiny config in a test mode, 'tta', 'slice' or the plain one."""
    cfg = tiny_config(path, work_dir)
    if mode is None:
        return cfg
    dataset = innermost_dataset(cfg.test_dataloader.dataset)
    dataset.pipeline = cfg[f'{mode}_pipeline']
    wrapper = {**cfg[f'{mode}_model'].to_dict(), 'module': cfg.model.to_dict()}
    if mode == 'slice':
        wrapper['slices'] = [dict(window=48, overlap=0.2, scale_factor=1.0)]
    cfg.model = Config(wrapper)._cfg_dict
    return cfg


def outputs(folder: str = 'out') -> list[str]:
    """List the files below a folder."""
    return sorted(
        path.relative_to(folder).as_posix()
        for path in Path(folder).rglob('*')
        if path.is_file()
    )
