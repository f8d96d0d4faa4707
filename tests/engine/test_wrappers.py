from torch import nn

from mmhcm.engine.wrappers import unwrap
from mmhcm.models import MultiScaleTTA


class Detector(nn.Module):
    def test_step(self, data):
        return data


def test_all_wrappers_are_taken_off():
    detector = Detector()
    assert unwrap(detector) is detector
    assert unwrap(nn.DataParallel(detector)) is detector
    merged = MultiScaleTTA(module=detector)
    assert unwrap(nn.DataParallel(merged)) is detector
