from copy import deepcopy
from types import SimpleNamespace

import pytest
import torch
from mmcv.cnn import ConvModule
from mmcv.cnn.bricks import Linear
from torch import nn

from mmhcm.engine.hooks import ChannelsLastHook, OneDnnHook
from mmhcm.engine.hooks.one_dnn_hook import OneDnnLinear


class TinyDetector(nn.Module):
    """Layers of all kinds that detectors have."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.wide = ConvModule(8, 16, 1, norm_cfg=dict(type='BN'))
        self.strided = nn.Conv2d(16, 8, 1, stride=2, bias=False)
        self.grouped = nn.Conv2d(8, 8, 1, groups=4)
        self.fc = nn.Linear(8, 12)
        self.head = Linear(12, 5)

    def forward(self, x):
        feats = self.grouped(self.strided(self.wide(self.stem(x))))
        return self.head(self.fc(feats.permute(0, 2, 3, 1).reshape(-1, 8)))


def convert(detector):
    OneDnnHook().before_run(SimpleNamespace(model=detector))
    return detector


@pytest.mark.parametrize('channels_last', [False, True])
def test_a_detector_learns_the_same(channels_last):
    torch.manual_seed(0)
    plain = TinyDetector()
    fast = convert(deepcopy(plain))
    if channels_last:
        ChannelsLastHook().before_run(SimpleNamespace(model=fast))
    x = torch.randn(2, 3, 10, 12)
    got, expected = fast(x), plain(x)
    torch.testing.assert_close(got, expected)
    for output in (got, expected):
        output.square().sum().backward()
    for one, two in zip(fast.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(one.grad, two.grad, atol=1e-4, rtol=1e-4)
    assert list(fast.state_dict()) == list(plain.state_dict())


def test_convertible_layers():
    detector = convert(TinyDetector())
    assert detector.wide.conv.dilation == (2, 2)
    assert detector.strided.dilation == (2, 2)
    assert detector.stem.dilation == (1, 1)
    assert detector.grouped.dilation == (1, 1)
    assert type(detector.fc) is type(detector.head) is OneDnnLinear
    # Averaged weights are a copy of the detector.
    assert type(deepcopy(detector).fc) is OneDnnLinear


@pytest.mark.parametrize('shape', [(0, 8), (8,), (2, 3, 8)])
def test_other_shapes_of_linear_input(shape):
    torch.manual_seed(0)
    plain = nn.Linear(8, 3)
    fast = OneDnnLinear(8, 3)
    fast.load_state_dict(plain.state_dict())
    x = torch.randn(shape)
    torch.testing.assert_close(fast(x), plain(x))
