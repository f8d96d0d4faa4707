"""Training of the killed runs: a shortened quickstart, or less."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.support.tiny_run import REPO, write_tiny_run

_QUICKSTART = """
_base_ = '{repo}/projects/quickstart/configs/tiny-detector_hcm_scenes.py'
num_threads = 1
model = dict(
    backbone=dict(base_channels=8, stem_channels=8),
    neck=dict(in_channels=[8, 16, 32], out_channels=16),
    rpn_head=dict(in_channels=16, feat_channels=16),
    roi_head=dict(
        bbox_roi_extractor=dict(out_channels=16),
        bbox_head=dict(in_channels=16, fc_out_channels=32),
    ),
    # Of a detector that has learned nothing, so that there are figures.
    test_cfg=dict(rcnn=dict(score_thr=0.001)),
)
train_dataloader = dict(
    num_workers=1,
    persistent_workers=True,
    sampler=dict(num_samples=8),
    dataset=dict(chip_size=128),
)
external = [
    dict(
        type='DOTADataset',
        data_root=_base_.data_root + '/DOTA',
        class_map='visdrone',
    )
]
"""
_TINY = """
_base_ = '{tiny}'
model = dict(test_cfg=dict(rcnn=dict(score_thr=0.001)))
external = []
"""
# A new best after some epochs alone, so that both cases come.
_COMMON = """
train_cfg = dict(max_epochs={epochs}, val_interval=1)
default_hooks = dict(
    checkpoint=dict(
        interval=1,
        max_keep_ckpts=2,
        save_best='visdrone/AR500',
        rule='greater',
    ),
    mining=dict(
        type='HardChipMiningHook',
        epochs=[1, 2],
        canvases=dict(num_canvases=2, num_pastes=10, external_ratio=0.5),
        metric=dict(type='HardChipMetric', score_thr=0.02),
        test_scales=[dict(scale_factor=0.5), dict(scale_factor=0.75)],
        pool=dict(cache_dir=_base_.cache_dir),
        dataloader=dict(num_workers=0),
        external=external,
    ),
    mining_report=dict(type='MiningReportHook'),
)
custom_hooks = [dict(type='EMAHook', momentum=0.3)]
"""


@dataclass(frozen=True)
class Setup:
    """A config, its data, and options for both."""

    config: Path
    data: Path
    options: tuple[str, ...]
    epochs: int

    @property
    def val(self) -> Path:
        """Folder of the validation set."""
        return self.data / 'VisDrone2019-DET-val'


def shortened_quickstart(root: Path) -> Setup:
    """Render a few scenes; four epochs, a loader with a worker."""
    data, config = root / 'data', root / 'short.py'
    subprocess.run(
        [
            *(sys.executable, 'projects/quickstart/make_scenes.py'),
            *('--out', str(data), '--num-train', '4'),
            *('--num-val', '2', '--num-external', '1'),
        ],
        cwd=REPO,
        env={**os.environ, 'PYTHONPATH': str(REPO)},
        check=True,
        capture_output=True,
    )
    text = _QUICKSTART.format(repo=REPO) + _COMMON.format(epochs=4)
    config.write_text(text)
    # Inside lists that a config cannot change one item of.
    options = (
        'train_dataloader.dataset.pipeline.3.chip_size=128',
        'val_dataloader.dataset.pipeline.1.scale_factor=0.5',
        'test_dataloader.dataset.pipeline.1.scale_factor=0.5',
    )
    return Setup(config, data, options, epochs=4)


def tiny(root: Path) -> Setup:
    """Rectangles on noise, three epochs: seconds."""
    config = root / 'short.py'
    text = _TINY.format(tiny=write_tiny_run(root))
    config.write_text(text + _COMMON.format(epochs=3))
    return Setup(config, root / 'data', (), epochs=3)
