from types import SimpleNamespace

import pytest
import torch
from mmengine.logging import MessageHub
from torch import nn

from mmhcm.engine.mining import installed_test_loop
from mmhcm.engine.mining.loop import chip_metric, share_weights, weights_digest
from mmhcm.engine.wrappers import unwrap
from mmhcm.evaluation import HardChipMetric, VisDroneMetric

SCALES = [{'window': 64, 'valid_range': (0, float('inf'))}]


def model(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))


def test_weights_digest():
    digest = weights_digest(model())
    assert digest == weights_digest(model())
    assert digest != weights_digest(model(1))
    # Buffers and precision count too.
    other = model()
    other[1].running_mean += 1
    assert digest != weights_digest(other)
    assert digest != weights_digest(model().double())
    assert digest == weights_digest(model().train(False))


def test_one_process_shares_its_value():
    net = model()
    digest = weights_digest(net)
    share_weights(net)
    assert weights_digest(net) == digest
    assert unwrap(net) is net


def test_chip_metric():
    metric = HardChipMetric(SCALES)
    found = chip_metric(SimpleNamespace(metrics=[VisDroneMetric(), metric]))
    assert found is metric
    with pytest.raises(ValueError, match='mining needs a chip metric'):
        chip_metric(SimpleNamespace(metrics=[VisDroneMetric()]))


@pytest.mark.parametrize('stage', ['train', None])
@pytest.mark.parametrize('fails', [True, False])
def test_installed_test_loop(stage, fails):
    hub = MessageHub(f'{stage}_{fails}')
    hub.update_scalar('train/loss', 1.0)
    if stage is not None:
        hub.update_info('loop_stage', stage)
    runner = SimpleNamespace(
        model=model().train(), message_hub=hub, _test_loop='before'
    )
    try:
        with installed_test_loop(runner, 'mining'):
            assert runner._test_loop == 'mining'
            runner.model.eval()
            hub.update_info('loop_stage', 'test')
            hub.update_scalar('test/time', 1.0)
            if fails:
                raise ZeroDivisionError
            hub.pop_info('loop_stage')
    except ZeroDivisionError:
        pass
    assert runner._test_loop == 'before'
    assert runner.model.training
    assert set(hub.log_scalars) == {'train/loss'}
    assert 'test/time' not in hub.state_dict()['resumed_keys']
    assert hub.runtime_info.get('loop_stage') == stage
