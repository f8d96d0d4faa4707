from pathlib import Path

import cv2
import pytest

from mmhcm.apis.predict import predict
from tests.support.inference import SCORE_THR, mode_config, noise
from tests.support.tiny_checkpoint import write_tiny_checkpoint


@pytest.fixture(scope='module')
def paths(tmp_path_factory):
    """Paths of a config and a checkpoint."""
    return write_tiny_checkpoint(tmp_path_factory.mktemp('tiny'))


@pytest.fixture
def run(paths, tmp_path, monkeypatch):
    """Predict in another directory than the project's, with pictures."""
    monkeypatch.chdir(tmp_path)
    for name in ('photos/a/1.png', 'photos/b/1.png'):
        Path(name).parent.mkdir(parents=True)
        cv2.imwrite(name, noise())

    def run_with(*sources, mode=None, **kwargs):
        cfg = mode_config(paths[0], tmp_path, mode)
        options = {'score_thr': SCORE_THR, 'device': 'cpu', **kwargs}
        return predict(cfg, paths[1], sources, 'out', **options)

    return run_with
