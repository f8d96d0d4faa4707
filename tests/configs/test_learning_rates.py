"""Learning rates fit the batch in use, in each config."""

import pytest
from mmengine.config import Config

from tests.support.tiny_run import REPO

CONFIGS = sorted(
    path.relative_to(REPO).as_posix()
    for path in REPO.glob('configs/*/*.py')
    if '_base_' not in path.parts
)
#: Batches that MMDetection's rates are for; 16 elsewhere.
BATCHES = {
    'centernet_r18-dcnv2': 128,
    'cornernet_hourglass104': 48,
    'ssd512_vgg16': 64,
    'yolov3_d53': 64,
    'yolox_s': 64,
}


@pytest.mark.parametrize('path', CONFIGS)
def test_rates_are_scaled_from_the_batch_they_are_for(path):
    name = path.rpartition('/')[2].rpartition('_')[0]
    scale = Config.fromfile(REPO / path).auto_scale_lr
    assert scale == dict(enable=True, base_batch_size=BATCHES.get(name, 16))


@pytest.mark.parametrize(
    'path',
    [
        'projects/quickstart/configs/tiny-detector_hcm_scenes.py',
        'projects/visdrone_lowdata/configs/cpu_chips_hard.py',
        'projects/visdrone_lowdata/configs/gpu_chips_hard.py',
    ],
)
def test_rates_of_studies_are_for_their_own_batch(path):
    """Their rates stay what they were, on one process."""
    cfg = Config.fromfile(REPO / path)
    scale = cfg.get('auto_scale_lr', dict(enable=False))
    if scale['enable']:
        assert scale['base_batch_size'] == cfg.train_dataloader.batch_size
