import numpy as np
import pytest
import torch
from mmdet.models.backbones import ResNet, ResNeXt

from mmhcm.models import SpatialGroupEnhance
from tests.support.detectors import count

PLUGINS = [
    dict(
        cfg=dict(type='SpatialGroupEnhance', groups=64),
        stages=(True,) * 4,
        position='after_conv3',
    )
]


def slow_enhance(x, groups, weight, bias):
    """Group by group and position by position."""
    out = x.clone()
    size = x.shape[1] // groups
    for image in range(len(x)):
        for group in range(groups):
            part = x[image, group * size : (group + 1) * size].numpy()
            mean = part.mean(axis=(1, 2))
            products = np.array(
                [
                    [float(part[:, i, j] @ mean) for j in range(x.shape[3])]
                    for i in range(x.shape[2])
                ]
            )
            products -= products.mean()
            products /= products.std(ddof=1) + 1e-5
            scores = weight[group] * products + bias[group]
            out[image, group * size : (group + 1) * size] *= torch.tensor(
                1 / (1 + np.exp(-scores))
            )
    return out


def test_equals_a_loop_over_groups():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, 12, 4, 5, generator=generator, dtype=torch.float64)
    plugin = SpatialGroupEnhance(12, groups=3).double()
    with torch.no_grad():
        plugin.weight.copy_(torch.tensor([0.5, -2.0, 1.0]))
        plugin.bias.copy_(torch.tensor([1.0, 0.0, -1.0]))
    expected = slow_enhance(x, 3, plugin.weight.tolist(), plugin.bias.tolist())
    torch.testing.assert_close(plugin(x).detach(), expected)


def test_all_positions_weigh_the_same_at_the_start():
    x = torch.randn(2, 64, 3, 3)
    scaled = SpatialGroupEnhance(64, groups=16)(x)
    torch.testing.assert_close(scaled, x * torch.sigmoid(torch.tensor(1.0)))


def test_weights_do_not_depend_on_the_scale_of_the_input():
    plugin = SpatialGroupEnhance(8, groups=2)
    torch.nn.init.ones_(plugin.weight)
    x = torch.randn(1, 8, 6, 6).unflatten(1, (2, -1))
    one, large = plugin.position_weights(x), plugin.position_weights(9 * x)
    assert one.std() > 0.05
    torch.testing.assert_close(one, large, atol=1e-4, rtol=0)


@pytest.mark.parametrize('shape', [(1, 1), (1, 2), (3, 3)])
@pytest.mark.parametrize('constant', [True, False])
def test_gradients_are_finite(shape, constant):
    """A single position has no deviation, a constant map none but 0."""
    plugin = SpatialGroupEnhance(8, groups=4)
    torch.nn.init.ones_(plugin.weight)
    x = torch.ones(2, 8, *shape) if constant else torch.randn(2, 8, *shape)
    x.requires_grad_()
    out = plugin(x)
    out.sum().backward()
    for value in (out, x.grad, plugin.weight.grad, plugin.bias.grad):
        assert value.isfinite().all()


def test_channels_have_to_divide():
    with pytest.raises(ValueError, match='10 channels do not divide into 4'):
        SpatialGroupEnhance(10, groups=4)


@pytest.mark.parametrize(('depth', 'more'), [(50, 2048), (101, 4224)])
def test_a_resnet_has_the_published_parameters(depth, more):
    with torch.device('meta'):
        plain, enhanced = (
            count(ResNet(depth, plugins=plugins))
            for plugins in (None, PLUGINS)
        )
    assert enhanced - plain == more


def test_plugin_follows_the_last_norm_of_each_block():
    net = ResNeXt(
        depth=50,
        groups=2,
        base_width=4,
        base_channels=16,
        num_stages=1,
        strides=(1,),
        dilations=(1,),
        out_indices=(0,),
        plugins=[{**PLUGINS[0], 'stages': (True,)}],
        zero_init_residual=False,
    )
    net.eval()
    block = net.layer1[1]
    seen = {}
    block.norm3.register_forward_hook(
        lambda *args: seen.update(norm=args[2].clone())
    )
    block.sge.register_forward_hook(
        lambda *args: seen.update(
            taken=args[1][0].clone(), given=args[2].clone()
        )
    )
    x = torch.randn(1, 64, 5, 5)
    out = block(x)
    assert torch.equal(seen['norm'], seen['taken'])
    assert torch.equal(out, (seen['given'] + x).relu())
