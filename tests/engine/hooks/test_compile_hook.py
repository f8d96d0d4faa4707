from copy import deepcopy
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from mmhcm.engine.hooks import CompileHook
from mmhcm.models import MultiScaleTTA


class TinyDetector(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU()
        )
        self.neck = nn.Conv2d(4, 2, 1)

    def forward(self, x):
        return self.neck(self.backbone(x)).mean()

    def test_step(self, data):
        return data


def convert(detector, **kwargs):
    hook = CompileHook(**{'backend': 'aot_eager', **kwargs})
    hook.before_run(SimpleNamespace(model=detector))
    return detector


def test_a_detector_learns_the_same():
    torch.manual_seed(0)
    plain = TinyDetector()
    compiled = convert(deepcopy(plain))
    x = torch.randn(2, 3, 8, 8)
    for mode in (True, False):
        plain.train(mode)
        compiled.train(mode)
        got, expected = compiled(x), plain(x)
        torch.testing.assert_close(got, expected)
        got.backward()
        expected.backward()
    for (name, one), (other, two) in zip(
        compiled.named_parameters(), plain.named_parameters(), strict=True
    ):
        assert name == other
        torch.testing.assert_close(one.grad, two.grad)
    assert list(compiled.state_dict()) == list(plain.state_dict())


def test_only_the_parts_are_compiled():
    detector = convert(TinyDetector(), parts=['neck', 'absent'])
    assert detector.neck._compiled_call_impl is not None
    assert detector.backbone._compiled_call_impl is None
    wrapper = MultiScaleTTA(module=TinyDetector())
    convert(wrapper)
    assert wrapper.module.backbone._compiled_call_impl is not None


def test_mistakes():
    with pytest.raises(ValueError, match='parts must name a module'):
        CompileHook(parts=[])
    with pytest.raises(ValueError, match='Sequential has none of backbone'):
        convert(nn.Sequential())
    with pytest.raises(ValueError, match='does not work here'):
        convert(TinyDetector(), backend='no_such_compiler')


def test_failing_compiler_is_one_line():
    def broken(*_):
        raise RuntimeError('no compiler\nat all')

    with pytest.raises(ValueError, match='CompileHook: ') as caught:
        convert(TinyDetector(), backend=broken)
    assert '\n' not in str(caught.value)
