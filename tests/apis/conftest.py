import pytest
from mmengine.config import Config

from tests.support.run_fixtures import make_cfg, make_runner, tiny_run
from tests.support.tiny_visdrone import write_tiny_visdrone

__all__ = ['make_cfg', 'make_runner', 'tiny_run']


@pytest.fixture
def cfg(tmp_path):
    """Config of a tiny detector, with its data."""
    return Config.fromfile(write_tiny_visdrone(tmp_path))
