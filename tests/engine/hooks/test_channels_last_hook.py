from types import SimpleNamespace

import pytest
import torch
from mmcv.ops import DeformConv2dPack, ModulatedDeformConv2dPack, RoIAlign
from torch import nn

from mmhcm.engine.hooks import ChannelsLastHook


class TinyDetector(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 3, padding=1)
        self.align = RoIAlign(2, 1.0, 2)

    def forward(self, x, rois):
        feats = self.conv(x)
        return feats, self.align(feats, rois)


def test_a_detector_gives_the_same_features():
    torch.manual_seed(0)
    detector = TinyDetector()
    x = torch.randn(2, 3, 9, 11)
    rois = torch.tensor([[0.0, 1, 2, 6, 7], [1, 0, 0, 9, 8]])
    _, expected = detector(x, rois)
    ChannelsLastHook().before_run(SimpleNamespace(model=detector))
    feats, got = detector(x, rois)
    assert feats.is_contiguous(memory_format=torch.channels_last)
    assert not feats.is_contiguous()
    torch.testing.assert_close(got, expected)


@pytest.mark.parametrize('kind', [DeformConv2dPack, ModulatedDeformConv2dPack])
def test_deformable_convolutions_give_the_same(kind):
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3), kind(8, 8, 3, padding=1), nn.Conv2d(8, 4, 3)
    )
    nn.init.normal_(model[1].conv_offset.weight, std=0.1)
    x = torch.randn(2, 3, 12, 9)
    expected = model(x)
    ChannelsLastHook().before_run(SimpleNamespace(model=model))
    torch.testing.assert_close(model(x), expected)
    assert not model[0](x).is_contiguous()
