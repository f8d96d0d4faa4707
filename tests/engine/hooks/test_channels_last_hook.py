from types import SimpleNamespace

import torch
from mmcv.ops import RoIAlign
from torch import nn

from mmhcm.engine.hooks.channels_last_hook import ChannelsLastHook


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
