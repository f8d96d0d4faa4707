import pytest
import torch
from mmdet.registry import MODELS

from tests.support.detectors import count


def build(**kwargs):
    return MODELS.build({'type': 'ConvNeXt', **kwargs})


@pytest.mark.parametrize(
    ('arch', 'number'), [('tiny', 27_821_472), ('base', 87_568_256)]
)
def test_parameter_counts(arch, number):
    with torch.device('meta'):
        backbone = build(arch=arch)
    # With the classifier and its norm instead of the four norms of the maps,
    # 28.6 and 88.6 million (paper, table 1).
    assert count(backbone) == number


def test_maps_have_strides_4_to_32():
    backbone = build(arch=((1, 1, 2, 1), (8, 16, 24, 32)))
    maps = backbone(torch.randn(2, 3, 64, 96))
    assert [tuple(feat.shape) for feat in maps] == [
        (2, 8, 16, 24),
        (2, 16, 8, 12),
        (2, 24, 4, 6),
        (2, 32, 2, 3),
    ]
    assert all(feat.is_contiguous() for feat in maps)


def test_weights_have_the_names_of_published_files():
    names = set(build(arch=((1, 1, 2, 1), (8, 16, 24, 32))).state_dict())
    assert {
        'downsample_layers.0.0.weight',
        'downsample_layers.0.1.weight',
        'downsample_layers.1.0.bias',
        'downsample_layers.1.1.weight',
        'stages.2.1.depthwise_conv.weight',
        'stages.2.1.norm.weight',
        'stages.2.1.pointwise_conv1.weight',
        'stages.2.1.pointwise_conv2.bias',
        'stages.2.1.gamma',
        'norm3.weight',
    } <= names


def test_skipped_blocks_leave_their_input():
    backbone = build(
        arch=((1, 1, 1, 1), (8, 8, 8, 8)), drop_path_rate=1 - 1e-6
    ).train()
    # The last of the four blocks is nearly always skipped, the first never.
    last, first = backbone.stages[3][0], backbone.stages[0][0]
    x = torch.randn(1, 8, 4, 4)
    assert torch.equal(last(x), x)
    assert not torch.equal(first(x), x)
