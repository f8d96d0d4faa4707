import pytest
import torch
from mmdet.registry import MODELS
from torch.utils.flop_counter import FlopCounterMode

from mmhcm.models import DetNet

# All five stages, an eighth of the width.
SLIM = dict(base_channels=8, stem_channels=8)


@pytest.mark.parametrize(('style', 'giga'), [('caffe', 4.85), ('pytorch', 5)])
def test_multiplications_are_the_published(style, giga):
    with torch.device('meta'):
        net = DetNet(style=style).eval()
        image = torch.zeros(1, 3, 224, 224)
    with FlopCounterMode(display=False) as counter:
        net(image)
    # A multiplication and an addition each.
    assert counter.get_total_flops() / 2e9 == pytest.approx(giga, abs=0.006)


def test_last_stages_keep_stride_and_channels():
    net = DetNet(**SLIM)
    net.init_weights()
    outs = net(torch.randn(1, 3, 128, 96))
    assert [tuple(out.shape[1:]) for out in outs] == [
        (32, 32, 24),
        (64, 16, 12),
        (128, 8, 6),
        (128, 8, 6),
        (128, 8, 6),
    ]
    assert (
        len(DetNet(out_indices=(2, 4), **SLIM)(torch.zeros(1, 3, 32, 32))) == 2
    )


def test_last_stages_see_farther_at_the_same_resolution():
    # Without negative weights, every path counts.
    net = DetNet(**SLIM).double().eval()
    for param in net.parameters():
        torch.nn.init.constant_(param, 0.1)
    reach = []
    for stages in ([net.layer4], [net.layer4, net.layer5]):
        fourth = torch.ones(1, 128, 41, 41).double().requires_grad_()
        torch.nn.Sequential(*stages)(fourth)[..., 20, 20].sum().backward()
        rows = fourth.grad[0, 0].sum(1).nonzero()
        reach.append(int(rows.max() - rows.min()) + 1)
    # Three dilated blocks a stage, two cells each way.
    assert reach == [13, 25]


def test_norms_without_weights_learn():
    net = DetNet(
        norm_cfg=dict(type='BN', requires_grad=False),
        norm_eval=True,
        frozen_stages=1,
        **SLIM,
    ).train()
    assert not net.layer3[0].bn1.training
    assert not net.layer3[0].bn1.weight.requires_grad
    assert net.layer4[0].bn1.training
    assert net.layer5[0].downsample[1].weight.requires_grad
    assert not net.eval().layer4[0].bn1.training


def test_frozen_stages_and_norms_stay():
    net = DetNet(frozen_stages=4, **SLIM).train()
    assert not any(p.requires_grad for p in net.layer4.parameters())
    assert not net.layer4.training
    assert net.layer5[0].bn1.training
    fixed = DetNet(late_norm_cfg=dict(type='BN', requires_grad=False), **SLIM)
    assert not fixed.train().layer5[0].bn1.training


def test_a_resnet_fits_the_first_stages():
    net = DetNet(**SLIM)
    resnet = MODELS.build(dict(type='ResNet', depth=50, **SLIM))
    weights = {
        key: value
        for key, value in resnet.state_dict().items()
        if not key.startswith('layer4')
    }
    report = net.load_state_dict(weights, strict=False)
    assert not report.unexpected_keys
    assert all(key[:6] in net.late_layers for key in report.missing_keys)
