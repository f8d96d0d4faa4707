import pytest
from mmengine.config import Config

from mmhcm.engine.checks.mining import check_mining_hooks
from tests.support.tiny_run import REPO

BASE = REPO / 'configs' / '_base_' / 'hard_chip_mining.py'


@pytest.mark.parametrize(
    'line',
    [
        'default_hooks = _base_.mining_hooks',
        'custom_hooks = [_base_.mining_hooks.mining]',
        'mining_hooks = dict(_delete_=True)',
    ],
)
def test_config_that_mines(tmp_path, line):
    path = tmp_path / 'name.py'
    path.write_text(f'_base_ = [{str(BASE)!r}]\n{line}\n')
    check_mining_hooks(Config.fromfile(path))


def test_config_that_inherits_mining_and_does_not_mine(tmp_path):
    path = tmp_path / 'name.py'
    path.write_text(
        f'_base_ = [{str(BASE)!r}]\n'
        "default_hooks = dict(logger=dict(type='LoggerHook'))\n"
    )
    with pytest.raises(
        ValueError, match='be mined: add default_hooks = _base_'
    ):
        check_mining_hooks(Config.fromfile(path))
